"""The limit on dead letters: a partition that gets too many of them is held, not read on.

A faulty producer, or a verification service that rejects or fails everything, would otherwise
turn a whole topic into dead letters (arroyo's dead-letter policy has such a limit for the same
reason). The count is in the partition's row, so it outlives restarts and moves with the partition.

It is about what producers send, so records that `dead-letters replay` sent are not counted. Anybody
who may write accounts can forge their headers: when too many replays fail, a warning says so.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from faust_transactions import SourceRecord
from prometheus_client import CollectorRegistry, Gauge

from agents.clock import now_ms
from agents.limit.control import Control
from agents.limit.counting import Count, TooMany, allowed, count
from agents.limit.replays import FailedReplays
from agents.limit.window import SIZE
from records import DeadLetter, PartitionCounts
from records.hold import Hold
from records.printable.text import shown
from records.release import Release

__all__ = ["InvalidLimit"]

logger = logging.getLogger(__name__)


class InFlight(Protocol):
    """The part of a `faust_transactions.Transaction` that is used here."""

    topic: str
    partition: int
    records: Sequence[SourceRecord]
    state: Any


class InvalidLimit:
    """Lets batches pass while at most `ratio` of a partition's last records are dead letters.

    Records that are replays are not among them: they neither hold a partition nor, where they are
    judged, keep one from being held. A `ratio` of 1.0 turns the limit off and forgets what was
    counted before.
    """

    def __init__(
        self,
        ratio: float,
        registry: CollectorRegistry,
        control: Control,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """``clock``: ms since the epoch."""
        self._ratio = ratio
        self._allowed = allowed(ratio)
        self._control = control
        self._clock = clock
        self._held: dict[int, str] = {}
        self._replays = FailedReplays(self._allowed)
        self._gauge = Gauge(
            "fraud_partition_held",
            "1 for a partition that is held because too many of its records are dead letters.",
            ["partition"],
            registry=registry,
        )

    @property
    def not_ready_reason(self) -> str | None:
        """Which partitions are held and why, or None."""
        return "; ".join(self._held[partition] for partition in sorted(self._held)) or None

    @property
    def health(self) -> tuple[Literal["ok", "bad"], str]:
        """Severity and a one-line summary."""
        reason = self.not_ready_reason
        return ("ok", "running") if reason is None else ("bad", reason)

    async def __call__(self, batch: InFlight, dead_letters: Sequence[DeadLetter]) -> str | None:
        """Return the window to keep in the partition's row when the batch is committed.

        To be awaited before anything is sent. When the batch has too many dead letters it waits
        until the partition is released, and returns None: judge the batch again, as what failed may
        be judged now. When the partition is revoked or the worker stops meanwhile, it is cancelled.
        """
        if not batch.records:
            return ""  # stale: whoever has the partition now decides
        found = self._count(batch, dead_letters)
        if found.too_many is not None:
            # So that a partition that was released is not held for a moment by its next owner.
            await self._control.was_read()
            found = self._count(batch, dead_letters)
        if found.too_many is not None:
            with self._holding(batch, dead_letters, found.too_many):
                while self._count(batch, dead_letters).too_many is not None:
                    await self._control.changed()
            self._log_released(batch)
            return None
        self._replays(batch, {each.offset for each in dead_letters if each.replay is not None})
        former = self._control.passed(batch.partition)
        if former is not None and batch.records[0].offset <= former.offset:
            self._log_goes_on(batch, former)
        self._gauge.labels(batch.partition).set(0)
        return found.window

    def _count(self, batch: InFlight, dead_letters: Sequence[DeadLetter]) -> Count:
        if self._allowed >= SIZE:
            return Count("")
        row: PartitionCounts = batch.state
        return count(
            row.invalid_window,
            batch.records,
            {letter.offset for letter in dead_letters if letter.replay is None},
            topic=batch.topic,
            limit=self._allowed,
            release=self._control.release(batch.partition),
            now=self._clock(),
        )

    @contextmanager
    def _holding(
        self, batch: InFlight, dead_letters: Sequence[DeadLetter], too_many: TooMany
    ) -> Iterator[None]:
        partition, offset = batch.partition, too_many.offset
        share = f"{too_many.invalid} of its last {SIZE:,} records are dead letters"
        self._log_held(batch, dead_letters, too_many, share)
        begin, end = batch.records[0].offset, batch.records[-1].offset + 1
        self._held[partition] = f"partition {partition} is held: {share}"
        self._gauge.labels(partition).set(1)
        self._control.begin_hold(partition, begin, end, offset, self._clock(), share)
        try:
            yield
        finally:
            del self._held[partition]
            self._gauge.remove(partition)
            self._control.end_hold(partition)

    def _log_held(
        self, batch: InFlight, dead_letters: Sequence[DeadLetter], too_many: TooMany, share: str
    ) -> None:
        logger.error(
            "%s-%d is held at offset %d: %s, and FRAUD_MAX_INVALID_RATIO=%g allows %d. Codes: %s; "
            "before this batch: %s. Nothing from offset %d on is committed. Check what is sent to "
            "the topic and, for veritas codes, the verification service; when that is fixed, let "
            "it go on: faust -A fraud_app partitions release %d",
            batch.topic,
            batch.partition,
            too_many.offset,
            share,
            self._ratio,
            self._allowed,
            _most_frequent(Counter(each.code for each in dead_letters)),
            _most_frequent(Counter(batch.state.codes)),
            batch.records[0].offset,
            batch.partition,
            extra={
                "topic": batch.topic,
                "partition": batch.partition,
                "offset": too_many.offset,
                "dead_letters": too_many.invalid,
            },
        )

    def _log_released(self, batch: InFlight) -> None:
        release = self._control.release(batch.partition)
        logger.warning(
            "%s-%d is released%s; its records are judged again from offset %d on",
            batch.topic,
            batch.partition,
            _author_and_note(release) if release else "",
            batch.records[0].offset,
            extra={"topic": batch.topic, "partition": batch.partition},
        )

    def _log_goes_on(self, batch: InFlight, hold: Hold) -> None:
        release = self._control.release(batch.partition)
        is_released = release is not None and release.begin <= hold.offset < release.end
        logger.warning(
            "%s-%d goes on: it was held at offset %d by worker %s%s",
            batch.topic,
            batch.partition,
            hold.offset,
            shown(hold.worker),
            f", and released{_author_and_note(release)}" if release and is_released else "",
            extra={"topic": batch.topic, "partition": batch.partition},
        )


def _author_and_note(release: Release) -> str:
    author, note = shown(release.author), shown(release.note, 200)
    return (f" by {author}" if author else "") + (f": {note}" if note else "")


def _most_frequent(codes: Counter[str]) -> str:
    """The three most frequent codes with their numbers."""
    return ", ".join(f"{code} {number:,}" for code, number in codes.most_common(3)) or "none"
