"""The limit on dead letters: a partition that gets too many of them is held, not read on.

A faulty producer, or a verification service that rejects or fails everything, would otherwise
turn a whole topic into dead letters (arroyo's dead-letter policy has such a limit for the same
reason). The count is in the partition's row, so it outlives restarts and moves with the partition.

It is about what producers send, so records that `dead-letters replay` sent are not counted. Anybody
who may write accounts can forge their headers: when too many replays fail, a warning says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Literal, NoReturn, Protocol

from faust_transactions import SourceRecord
from prometheus_client import CollectorRegistry, Gauge

from agents.window import SIZE, Crossing, crossing, invalid_in, slide
from records import DeadLetter, PartitionCounts
from records.replay import REPLAY_OF, replay_in

__all__ = ["InvalidLimit", "allowed"]

logger = logging.getLogger(__name__)


class InFlight(Protocol):
    """The part of a `faust_transactions.Transaction` that is used here."""

    topic: str
    partition: int
    records: Sequence[SourceRecord]
    state: Any


def allowed(ratio: float) -> int:
    """How many of the last `SIZE` records may be dead letters."""
    # Rounded first: 0.29 of 1,000 is 290, though the product of the floats is a little less.
    return int(round(ratio * SIZE, 6))


class InvalidLimit:
    """Lets batches pass while at most `ratio` of a partition's last records are dead letters.

    Records that are replays are not among them: they neither hold a partition nor, where they are
    judged, keep one from being held. A `ratio` of 1.0 turns the limit off and forgets what was
    counted before.
    """

    def __init__(self, ratio: float, registry: CollectorRegistry) -> None:
        self._ratio = ratio
        self._allowed = allowed(ratio)
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

    async def __call__(self, batch: InFlight, dead_letters: Sequence[DeadLetter]) -> str:
        """Return the window to keep in the partition's row when the batch is committed.

        To be awaited before anything is sent. Does not return when the batch has too many dead
        letters: it waits until it is cancelled, when the partition is revoked or the worker stops.
        """
        if self._allowed >= SIZE:
            return ""
        row: PartitionCounts = batch.state
        failed = {letter.offset for letter in dead_letters if letter.replay is None}
        self._replays(batch, {letter.offset for letter in dead_letters} - failed)
        window = row.invalid_window
        if window or failed:
            counted = [each for each in batch.records if not _is_replay(each, batch.topic)]
            dead = [index for index, each in enumerate(counted) if each.offset in failed]
            if crossed := crossing(window, dead, self._allowed):
                await self._hold(batch, dead_letters, crossed, counted[crossed.at].offset)
            window = slide(window, len(counted), dead)
        self._gauge.labels(batch.partition).set(0)
        return window

    async def _hold(
        self, batch: InFlight, dead_letters: Sequence[DeadLetter], crossed: Crossing, offset: int
    ) -> NoReturn:
        partition = batch.partition
        share = f"{crossed.invalid} of its last {SIZE:,} records are dead letters"
        logger.error(
            "%s-%d is held at offset %d: %s, and FRAUD_MAX_INVALID_RATIO=%g allows %d. Codes: %s; "
            "before this batch: %s. Nothing from offset %d on is committed. Check what is sent to "
            "the topic and, for veritas codes, the verification service; when that is fixed, "
            "restart the workers. To let them all become dead letters, restart with "
            "FRAUD_MAX_INVALID_RATIO=1.0",
            batch.topic,
            partition,
            offset,
            share,
            self._ratio,
            self._allowed,
            _most_frequent(Counter(each.code for each in dead_letters)),
            _most_frequent(Counter(batch.state.codes)),
            batch.records[0].offset,
            extra={
                "topic": batch.topic,
                "partition": partition,
                "offset": offset,
                "dead_letters": crossed.invalid,
            },
        )
        self._held[partition] = f"partition {partition} is held: {share}"
        self._gauge.labels(partition).set(1)
        try:
            while True:
                await asyncio.Event().wait()
        finally:
            del self._held[partition]
            self._gauge.remove(partition)


class FailedReplays:
    """Warns when more than `allowed` of a partition's last replays are dead letters again.

    `dead-letters replay` stops long before that, so the cause is somebody else who writes its
    headers: a script that copies dead letters back, or a producer that wants to pass the limit.
    Counts in the process, since its start. Once a partition, until fewer of them fail.
    """

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._windows: dict[int, str] = {}
        self._warned: set[int] = set()

    def __call__(self, batch: InFlight, failed: Collection[int]) -> None:
        """Count the replays of a batch; those with these offsets are dead letters."""
        partition, before = batch.partition, self._windows.get(batch.partition, "")
        if not (before or failed):
            return
        replays = [each for each in batch.records if _is_replay(each, batch.topic)]
        dead = [index for index, each in enumerate(replays) if each.offset in failed]
        window = self._windows[partition] = slide(before, len(replays), dead)
        invalid = invalid_in(window)
        if invalid <= self._allowed:
            self._warned.discard(partition)
        elif partition not in self._warned:
            self._warned.add(partition)
            logger.warning(
                "%s-%d: %d of its last %s replayed records are dead letters again. They do not "
                "hold the partition. If you do not replay them, stop who does: a producer, or a "
                "script that copies dead letters back, writes the header %s",
                batch.topic,
                partition,
                invalid,
                f"{SIZE:,}",
                REPLAY_OF,
                extra={"topic": batch.topic, "partition": partition},
            )


def _is_replay(record: SourceRecord, topic: str) -> bool:
    # Most records have no headers.
    return bool(record.headers) and replay_in(record.headers, topic) is not None


def _most_frequent(codes: Counter[str]) -> str:
    """The three most frequent codes with their numbers."""
    return ", ".join(f"{code} {number:,}" for code, number in codes.most_common(3)) or "none"
