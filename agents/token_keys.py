"""Detects workers of one group that make account tokens with different keys."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Gauge

from agents.clock import now_ms
from records import PartitionCounts
from records.printable.text import shown

__all__ = ["TokenKeys"]

logger = logging.getLogger(__name__)

#: Seconds for which a row written with another key counts.
KEPT = 600.0


class Rows(Protocol):
    """The committed rows of the whole group; `faust_transactions.ChangelogFollower` has them."""

    @property
    def rows(self) -> Mapping[int, PartitionCounts]:
        """Partition -> row."""

    @property
    def ready(self) -> bool:
        """True once all rows that there were at the start have been read."""


class Other(NamedTuple):
    """Who wrote a row with another key, and when this worker saw it (`time.monotonic`)."""

    key: str
    worker: str
    seen: float


class TokenKeys:
    """Compares this worker's token key with those of the rows that the group commits.

    Rows from before this worker's start do not count: after a change of the key, with all workers
    stopped, they have the former one. A partition counts again as this worker's key's when its next
    row says so, and after `KEPT` seconds without a row.
    """

    not_ready_reason = None

    def __init__(
        self,
        own: str,
        feed: Rows,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
        started: int | None = None,
    ) -> None:
        """``started``: when this worker started, in ms since the epoch; now unless given."""
        self._own = own
        self._feed = feed
        self._clock = clock
        self._started = now_ms() if started is None else started
        self._seen: dict[int, tuple[int, int]] | None = None
        self._others: dict[int, Other] = {}
        self._logged = ""
        Gauge(
            "fraud_token_keys",
            "Token keys that workers of the group use; more than 1 is a fault.",
            registry=registry,
        ).set_function(lambda: 1 + len({other.key for other in self._others.values()}))

    @property
    def health(self) -> tuple[Literal["ok", "warn"], str]:
        """Severity and a one-line summary. Judging goes on, so it is a warning."""
        return ("warn", self._difference()) if self._others else ("ok", f"key {self._own}")

    async def tick(self) -> None:
        """`look`, as the body of a timer."""
        self.look()

    def look(self) -> None:
        """Look at the rows that have changed since the last call; log what is new."""
        if not self._feed.ready:
            return
        now = self._clock()
        written = {
            partition: (row.next_offset, row.updated_at)
            for partition, row in self._feed.rows.items()
        }
        before, self._seen = self._seen, written
        if before is None:
            rows = self._feed.rows.items()
            old = {partition for partition, row in rows if row.updated_at < self._started}
            before = {partition: written[partition] for partition in old}
        for partition, row in self._feed.rows.items():
            if before.get(partition) != written[partition]:
                self._others.pop(partition, None)
                if row.key not in ("", self._own):
                    self._others[partition] = Other(shown(row.key, 8), shown(row.worker, 100), now)
        for partition, other in list(self._others.items()):
            if now - other.seen > KEPT:
                del self._others[partition]
        self._log()

    def _log(self) -> None:
        difference = self._difference() if self._others else ""
        if difference == self._logged:
            return
        self._logged = difference
        if difference:
            logger.error(
                "%s. The same card gets different account tokens: stop these workers and start "
                "them with one FRAUD_TOKEN_KEY",
                difference,
            )
        else:
            logger.info("workers of this group use one FRAUD_TOKEN_KEY again: key %s", self._own)

    def _difference(self) -> str:
        others = sorted({f"{other.key} ({other.worker})" for other in self._others.values()})
        return (
            "workers of this group use different FRAUD_TOKEN_KEY: key ids "
            f"{', '.join([f'{self._own} (this worker)', *others])}"
        )
