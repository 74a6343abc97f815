"""The engine's Prometheus metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from faust_transactions.batch import SourceRecord
from faust_transactions.observe.latency import LatencyHistogram
from faust_transactions.observe.owned import OwnedPartitions

__all__ = ["EngineMetrics"]

STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZE_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)

OUTCOMES = (
    "committed",
    "aborted",
    "fenced",
    "refused",
    "timeout",
    "state_mismatch",
    "source_mismatch",
    "failed",
)


class EngineMetrics:
    """Metrics updated once a batch, so their cost does not depend on the number of records."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.records = Counter(
            "faust_transactions_records",
            "Records committed, by source topic.",
            ["topic"],
            registry=registry,
        )
        self.batch_records = Histogram(
            "faust_transactions_batch_records",
            "Records in a committed batch.",
            buckets=SIZE_BUCKETS,
            registry=registry,
        )
        self.transactions = Counter(
            "faust_transactions",
            "Batches by the outcome of their transaction: committed, fenced, refused by the "
            "brokers, timeout, state_mismatch (another row was read), source_mismatch (the topic "
            "is not the row's), failed (the agent raised). aborted counts transactions.",
            ["outcome"],
            registry=registry,
        )
        self.stage = Histogram(
            "faust_transactions_stage_seconds",
            "Seconds a batch waited for the agent, was worked on, and waited for its commit.",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.restore = Histogram(
            "faust_transactions_restore_seconds",
            "Seconds from an assignment until former owners are fenced and rows are read.",
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.tasks = Gauge(
            "faust_transactions_partitions",
            "Source partitions this worker owns now.",
            registry=registry,
        )
        self.rebalances = Counter(
            "faust_transactions_rebalances", "Assignments received.", registry=registry
        )
        self.lost_offsets = Counter(
            "faust_transactions_lost_offsets",
            "Offsets that retention deleted before they were processed.",
            ["topic", "partition"],
            registry=registry,
        )
        self.latency = LatencyHistogram(
            "faust_transactions_latency_seconds",
            "Seconds from a source record's timestamp to the commit of what became of it.",
            registry,
        )
        self.owned = OwnedPartitions(registry)
        for outcome in OUTCOMES:
            self.transactions.labels(outcome)
        # Children are looked up once: labels() costs more than the increment.
        self.committed = self.transactions.labels("committed")
        self.queue_seconds = self.stage.labels("queue")
        self.work_seconds = self.stage.labels("work")
        self.transaction_seconds = self.stage.labels("transaction")

    def batch_committed(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Count a batch that has just become visible."""
        self.committed.inc()
        self.batch_records.observe(len(records))
        self.records.labels(topic).inc(len(records))
        self.latency.observe([record.timestamp for record in records], time.time_ns() // 1_000_000)
