"""The limit on invalid records: a partition that gets too many of them is held, not read on.

A deployment that writes another format, or to the wrong topic, would otherwise turn a whole topic
into dead letters before anybody looks (arroyo's dead-letter policy has such a limit for the same
reason). What the limit counts is in the partition's row, so it outlives restarts and moves along
with the partition.
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
from records import BankAccount, PartitionCounts, Undecodable

__all__ = ["InvalidLimit", "allowed"]

logger = logging.getLogger(__name__)

Decoded = BankAccount | Undecodable


class InWork(Protocol):
    """What is looked at of a `faust_transactions.Transaction`."""

    topic: str
    partition: int
    records: Sequence[SourceRecord]
    state: Any


def allowed(ratio: float) -> int:
    """How many of the last records may be invalid."""
    # Rounded first: 0.29 of 1,000 is 290, though the product of the floats is a little less.
    return int(round(ratio * SIZE, 6))


class InvalidLimit:
    """Lets batches pass as long as at most `ratio` of a partition's last records are invalid.

    A `ratio` of 1.0 turns it off, and what was counted before is forgotten.
    """

    def __init__(self, ratio: float, registry: CollectorRegistry) -> None:
        self._ratio = ratio
        self._allowed = allowed(ratio)
        self._held: dict[int, str] = {}
        self._gauge = Gauge(
            "fraud_partition_held",
            "1 for a partition that is not read on because too many of its records are invalid.",
            ["partition"],
            registry=registry,
        )

    @property
    def not_ready_reason(self) -> str | None:
        """Which partitions are held and why, in a few words; None when none is."""
        return "; ".join(self._held[partition] for partition in sorted(self._held)) or None

    @property
    def health(self) -> tuple[Literal["ok", "bad"], str]:
        """How the reading is, and a line about it."""
        not_ready_reason = self.not_ready_reason
        return ("ok", "running") if not_ready_reason is None else ("bad", not_ready_reason)

    async def __call__(self, batch: InWork, decoded: Sequence[Decoded]) -> str:
        """The outcomes to be kept in the partition's row once the batch is committed.

        Does not return when the batch has too many invalid records: it waits until it is
        cancelled, which is when the partition is given up. To be awaited before anything is sent.
        """
        if self._allowed >= SIZE:
            return ""
        invalid = [index for index, each in enumerate(decoded) if isinstance(each, Undecodable)]
        row: PartitionCounts = batch.state
        if crossed := crossing(row.invalid_window, invalid, self._allowed):
            await self._hold(batch, decoded, crossed)
        self._gauge.labels(batch.partition).set(0)
        return slide(row.invalid_window, len(decoded), invalid)

    async def _hold(self, batch: InWork, decoded: Sequence[Decoded], crossed: Crossing) -> NoReturn:
        partition = batch.partition
        share = f"{crossed.invalid} of its last {SIZE:,} records are invalid"
        logger.error(
            "%s-%d is held at offset %d: %s, and FRAUD_MAX_INVALID_RATIO=%g allows %d. Codes: %s; "
            "before this batch: %s. Nothing from offset %d on is judged. Look at what is sent to "
            "the topic; to let it all become dead letters, restart the workers with "
            "FRAUD_MAX_INVALID_RATIO=1.0",
            batch.topic,
            partition,
            batch.records[crossed.at].offset,
            share,
            self._ratio,
            self._allowed,
            _told(Counter(each.code for each in decoded if isinstance(each, Undecodable))),
            _told(Counter(batch.state.codes)),
            batch.records[0].offset,
            extra={
                "topic": batch.topic,
                "partition": partition,
                "offset": batch.records[crossed.at].offset,
                "invalid": crossed.invalid,
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


def _told(codes: Counter[str]) -> str:
    """The most frequent codes and their numbers."""
    return ", ".join(f"{code} {number:,}" for code, number in codes.most_common(3)) or "none"
