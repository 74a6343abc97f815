"""What the engine counts, as Prometheus metrics of a registry of one's own or the default one."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["EngineMetrics"]

STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZE_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


class EngineMetrics:
    """One call a batch each, so the cost does not depend on the number of records."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.records = Counter(
            "batching_records", "Records committed, by source topic.", ["topic"], registry=registry
        )
        self.batch_records = Histogram(
            "batching_batch_records",
            "Records in a committed batch.",
            buckets=SIZE_BUCKETS,
            registry=registry,
        )
        self.transactions = Counter(
            "batching_transactions",
            "Transactions: committed, aborted (and tried again), fenced, refused, failed.",
            ["outcome"],
            registry=registry,
        )
        self.stage = Histogram(
            "batching_stage_seconds",
            "Seconds a batch spent waiting for its turn, in the agent's work, in its transaction.",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.takeover = Histogram(
            "batching_takeover_seconds",
            "Seconds from an assignment to fenced producers and restored rows.",
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.tenures = Gauge(
            "batching_partitions", "Source partitions this worker owns now.", registry=registry
        )
        self.rebalances = Counter("batching_rebalances", "Assignments received.", registry=registry)
        self.lag = Gauge(
            "batching_lag_records",
            "Records of an owned source partition that are not committed yet.",
            ["topic", "partition"],
            registry=registry,
        )
        for outcome in ("committed", "aborted", "fenced", "refused", "failed"):
            self.transactions.labels(outcome)
        # Children are looked up once: labels() costs more than the increment.
        self.committed = self.transactions.labels("committed")
        self.turn_seconds = self.stage.labels("turn")
        self.work_seconds = self.stage.labels("work")
        self.transaction_seconds = self.stage.labels("transaction")
