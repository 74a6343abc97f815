"""The worker's metrics that count nothing, to be given to `create_app` in place of them."""

from collections.abc import Sequence
from typing import Any

from faust_transactions import LATENCY_BUCKETS, EngineMetrics, SourceRecord
from prometheus_client import CollectorRegistry

from agents.judgement import Judgement
from agents.metrics import AccountMetrics


class Nothing:
    """A counter, gauge or histogram, its children included, that does nothing."""

    counts = (0,) * (len(LATENCY_BUCKETS) + 1)

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
    """Replaces every metric of the engine, but `owned`, which is computed at a scrape only."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        for name in vars(self).keys() - {"owned"}:
            setattr(self, name, Nothing())

    def batch_committed(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Count nothing."""


class NoAccountMetrics(AccountMetrics):
    """Counts no judgement."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())

    def __call__(self, judgement: Judgement) -> None:
        """Count nothing."""

    def not_sent(self, number: int) -> None:
        """Count nothing."""
