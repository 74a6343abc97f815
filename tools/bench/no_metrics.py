"""The worker's metrics that count nothing, to be given to `create_app` in place of them."""

from collections.abc import Sequence
from typing import Any, cast

from faust_transactions import EngineMetrics, SourceRecord
from prometheus_client import CollectorRegistry

from agents.judging import Judgement
from agents.metrics import AccountMetrics


class Nothing:
    """A counter, gauge or histogram, its children included, that does nothing."""

    def labels(self, *_: str) -> "Nothing":
        """All children are this one."""
        return self

    def inc(self, amount: float = 1) -> None:
        """Count nothing."""

    def set(self, value: float) -> None:
        """Set nothing."""

    def observe(self, value: Any, now: int = 0) -> None:
        """Observe nothing."""


class NoEngineMetrics(EngineMetrics):
    """Takes all that the engine tells; of no registry that anybody sees."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        nothing = cast(Any, Nothing())
        self.records = self.transactions = self.committed = self.tasks = nothing
        self.batch_records = self.stage = self.restore = self.rebalances = nothing
        self.queue_seconds = self.work_seconds = self.transaction_seconds = nothing
        self.latency = self.lost_offsets = nothing

    def batch_committed(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Count nothing."""


class NoAccountMetrics(AccountMetrics):
    """Takes all that the agents tell."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())

    def __call__(self, judgement: Judgement) -> None:
        """Count nothing."""

    def not_sent(self, number: int) -> None:
        """Count nothing."""
