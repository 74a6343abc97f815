"""Where the owned partitions stand, as metrics that are worked out when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from faust.types import TP
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from faust_transactions.task import StreamTask

__all__ = ["OwnedPartitions"]

LABELS = ("topic", "partition")


class OwnedPartitions(Collector):
    """Committed offset and lag of the partitions owned now.

    Both come from what is true at the moment of asking, so a partition that stands still is told
    as truly as one that moves. Until the engine has set ``tasks`` there is none.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        #: The engine's own mapping, which goes on changing.
        self.tasks: Mapping[TP, StreamTask] = {}
        #: For a topic, what tells the ends of its partitions as the brokers have them (for example
        #: :attr:`ChangelogFollower.source_ends`), as a read_committed reader sees them. Without it
        #: the end is what the last fetch saw, and a partition that waits for its agent is not
        #: fetched.
        self.ends: Mapping[str, Callable[[], Mapping[int, int]]] = {}
        registry.register(self)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Names and types, for the registry."""
        return self._families()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The two metrics as they are now."""
        committed, lag = families = self._families()
        ends = {topic: tell() for topic, tell in self.ends.items()}
        for tp, task in self.tasks.items():
            left = task.lag(ends.get(tp.topic, {}).get(tp.partition))
            if task.position is None or left is None:
                continue  # not sought yet
            labels = (tp.topic, str(tp.partition))
            committed.add_metric(labels, task.position)
            lag.add_metric(labels, left)
        return families

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily(
                "faust_transactions_committed_offset",
                "Next offset to be done in an owned source partition: all below is committed.",
                labels=LABELS,
            ),
            GaugeMetricFamily(
                "faust_transactions_lag_records",
                "Committed records of an owned source partition that are not done yet.",
                labels=LABELS,
            ),
        )
