"""Progress of the owned partitions, computed when it is asked for or the metrics are scraped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from faust.types import TP
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from faust_transactions.task import State, StreamTask

__all__ = ["OwnedPartitions", "PartitionProgress"]

LABELS = ("topic", "partition")


class PartitionProgress(NamedTuple):
    """How far an owned partition is processed."""

    topic: str
    partition: int
    #: Next offset to process; all below are committed.
    committed: int
    #: Committed records that are not processed yet.
    lag: int
    #: Timestamp (ms since the epoch) of the next record, None while none was fetched.
    pending_since: int | None

    def pending_seconds(self, now: int) -> float:
        """Age of the next record at ``now`` (ms since the epoch); 0 while there is none.

        A record from the future has the age 0, as has one without a timestamp.
        """
        if self.pending_since is None or self.pending_since < 0:
            return 0.0
        return max(0, now - self.pending_since) / 1000


class OwnedPartitions(Collector):
    """Committed offset, lag and oldest record of the partitions owned now.

    Computed at each scrape, so they are right for a partition that stands still, too. Empty until
    the engine sets ``tasks``.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        #: The engine's own mapping, which goes on changing.
        self.tasks: Mapping[TP, StreamTask] = {}
        #: Topic -> a function that returns the ends of its partitions for a read_committed reader
        #: (for example :attr:`ChangelogFollower.source_ends`). Without it the end is what the last
        #: fetch saw, and a partition that waits for its agent is not fetched.
        self.ends: Mapping[str, Callable[[], Mapping[int, int]]] = {}
        registry.register(self)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Names and types, for the registry."""
        return self._families()

    def progress(self) -> list[PartitionProgress]:
        """The partitions whose position and lag are known."""
        ends = {topic: get_ends() for topic, get_ends in self.ends.items()}
        found = []
        for tp, task in self.tasks.items():
            left = task.lag(ends.get(tp.topic, {}).get(tp.partition))
            if task.position is None or left is None:
                continue  # not sought yet
            found.append(
                PartitionProgress(tp.topic, tp.partition, task.position, left, task.pending_since)
            )
        return found

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The metrics as they are now."""
        committed, lag, pending, stopped = families = self._families()
        for tp, task in self.tasks.items():
            stopped.add_metric((tp.topic, str(tp.partition)), int(task.state is State.STOPPED))
        now = time.time_ns() // 1_000_000
        for each in self.progress():
            labels = (each.topic, str(each.partition))
            committed.add_metric(labels, each.committed)
            lag.add_metric(labels, each.lag)
            pending.add_metric(labels, each.pending_seconds(now))
        return families

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, ...]:
        return (
            GaugeMetricFamily(
                "faust_transactions_committed_offset",
                "Next offset to process in an owned source partition; all below are committed.",
                labels=LABELS,
            ),
            GaugeMetricFamily(
                "faust_transactions_lag_records",
                "Committed records of an owned source partition that are not processed yet.",
                labels=LABELS,
            ),
            GaugeMetricFamily(
                "faust_transactions_pending_seconds",
                "Age of the next record of an owned source partition; 0 while none waits.",
                labels=LABELS,
            ),
            GaugeMetricFamily(
                "faust_transactions_stopped_partitions",
                "1 for an owned source partition that is stopped, as its topic is not its row's.",
                labels=LABELS,
            ),
        )
