"""Gathers what `top` shows: from Kafka where possible, from a worker what only it knows."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from faust_transactions import Span

from cli.reading.positions import Position, describe_mismatches, mismatches
from cli.top.rates import Rates
from cli.top.worker_snapshot import WorkerSnapshot
from cluster import ClusterError, Progress
from config import Settings, broker_addresses
from records import PartitionCounts
from records.totals import ENDINGS, progress_document
from web.live.history import INTERVAL, History, Sample
from web.live.recent import SIZE

Verdicts = list[dict[str, Any]]


class WorkerState(Protocol):
    """The state of one worker (`cli.top.worker_stream` has it)."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def state(self) -> tuple[WorkerSnapshot | None, str | None]:
        """Its last snapshot, or why there is none."""

    def wait(self, seconds: float, /) -> None:
        """Wait until either is known."""


class Board:
    """Makes documents to draw; keeps the last figures while Kafka does not answer."""

    def __init__(
        self,
        settings: Settings,
        look: Callable[[], Progress],
        verdicts: Callable[[int], Verdicts | None],
        worker: WorkerState,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        brokers = ",".join(broker_addresses(settings.broker))
        self._title = f"{settings.app_id}: topic {settings.accounts_topic} on {brokers}"
        self._look = look
        self._look_at_verdicts = verdicts
        self.worker = worker
        self._clock = clock
        self._rates = Rates()
        self._history = History()
        self._sampled = float("-inf")
        self._seen = Progress({}, {}, {})
        self._verdicts: Verdicts | None = []

    def document(self) -> dict[str, Any]:
        """The current figures, or the last ones and the problem.

        It has `title`, `at` (s since the epoch), `problem` (why the figures are old, or None),
        `mismatch` (that the accounts topic is not the one of the rows, or None),
        `per_second` (partition -> accounts a second, empty while unknown), `rates` (those of the
        whole over time, see `cli.top.trend`), `verdicts` (newest first, None when they cannot
        be read), `worker` (a `WorkerSnapshot`, or None), `worker_problem`, `worker_url`, and what
        `records.totals.progress_document` has.
        """
        problem = None
        try:
            self._seen = self._look()
        except ClusterError as exc:
            problem = str(exc)
        else:
            self._verdicts = self._look_at_verdicts(SIZE)
        snapshot, worker_problem = self.worker.state
        mismatch, rows = self._compared()
        document = progress_document(
            rows,
            self._seen.begins,
            self._seen.ends,
            owners=None if problem else self._owners(snapshot),
            holds=self._seen.holds,
        )
        if problem is None:
            self._note(document["counts"])
        return {
            "title": self._title,
            "at": time.time(),
            "problem": problem,
            "mismatch": mismatch,
            "per_second": {} if problem else self._rates.per_second,
            "rates": snapshot.rates if snapshot else self._seen_rates(),
            "verdicts": self._verdicts,
            "worker": snapshot,
            "worker_problem": worker_problem,
            "worker_url": self.worker.url,
            **document,
        }

    def _compared(self) -> tuple[str | None, Mapping[int, PartitionCounts]]:
        """What to say of rows that are of another topic, and all rows with their position in it."""
        seen = self._seen
        if seen.topic is None:
            return None, seen.rows
        at = {p: Position(row.next_offset, seen.sources.get(p)) for p, row in seen.rows.items()}
        spans = {p: Span(seen.begins.get(p, 0), end) for p, end in seen.ends.items()}
        mismatched = mismatches(at, seen.topic, spans)
        if not mismatched:
            return None, seen.rows
        rows = {
            p: row.derive(next_offset=0) if p in mismatched else row for p, row in seen.rows.items()
        }
        return describe_mismatches(mismatched, seen.topic), rows

    def _owners(self, snapshot: WorkerSnapshot | None) -> Mapping[int, str] | None:
        """As Kafka knows them; as the worker does where Kafka does not say (embedded broker)."""
        if self._seen.owners is None and snapshot is not None:
            return snapshot.owners
        return self._seen.owners

    def _note(self, counts: Mapping[str, Any]) -> None:
        now = self._clock()
        self._rates.add(now, {at: row.next_offset for at, row in self._seen.rows.items()})
        if now - self._sampled >= INTERVAL:
            self._sampled = now
            self._history.add(Sample(now, *(counts[name] for name in ENDINGS)))

    def _seen_rates(self) -> list[float]:
        """Rates since `top` started; a worker has seen more."""
        columns = self._history.document()
        return [sum(rates) for rates in zip(*(columns[name] for name in ENDINGS), strict=True)]
