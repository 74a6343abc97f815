"""The limit on dead letters: a partition that gets too many of them is held, not read on.

A faulty producer, or a verification service that rejects or fails everything, would otherwise
turn a whole topic into dead letters (arroyo's dead-letter policy has such a limit for the same
reason). The count is in the partition's row, so it outlives restarts and moves with the partition.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, Protocol

from faust_transactions import SourceRecord
from prometheus_client import CollectorRegistry, Gauge

from agents.window import SIZE, Crossing, crossing, slide
from records import DeadLetter, PartitionCounts

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

    A `ratio` of 1.0 turns the limit off and forgets what was counted before.
    """

    def __init__(self, ratio: float, registry: CollectorRegistry) -> None:
        self._ratio = ratio
        self._allowed = allowed(ratio)
        self._held: dict[int, str] = {}
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
        offsets = {letter.offset for letter in dead_letters}
        dead = [index for index, each in enumerate(batch.records) if each.offset in offsets]
        row: PartitionCounts = batch.state
        if crossed := crossing(row.invalid_window, dead, self._allowed):
            await self._hold(batch, dead_letters, crossed)
        self._gauge.labels(batch.partition).set(0)
        return slide(row.invalid_window, len(batch.records), dead)

    async def _hold(
        self, batch: InFlight, dead_letters: Sequence[DeadLetter], crossed: Crossing
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
            batch.records[crossed.at].offset,
            share,
            self._ratio,
            self._allowed,
            _most_frequent(Counter(each.code for each in dead_letters)),
            _most_frequent(Counter(batch.state.codes)),
            batch.records[0].offset,
            extra={
                "topic": batch.topic,
                "partition": partition,
                "offset": batch.records[crossed.at].offset,
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


def _most_frequent(codes: Counter[str]) -> str:
    """The three most frequent codes with their numbers."""
    return ", ".join(f"{code} {number:,}" for code, number in codes.most_common(3)) or "none"
