"""Committed offset and lag of the owned partitions, computed when the metrics are scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from faust.types import TP
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from faust_transactions.task import State, StreamTask

__all__ = ["OwnedPartitions"]

LABELS = ("topic", "partition")


class OwnedPartitions(Collector):
    """Committed offset and lag of the partitions owned now.

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

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The metrics as they are now."""
        committed, lag, stopped = families = self._families()
        ends = {topic: get_ends() for topic, get_ends in self.ends.items()}
        for tp, task in self.tasks.items():
            stopped.add_metric((tp.topic, str(tp.partition)), int(task.state is State.STOPPED))
            left = task.lag(ends.get(tp.topic, {}).get(tp.partition))
            if task.position is None or left is None:
                continue  # not sought yet
            labels = (tp.topic, str(tp.partition))
            committed.add_metric(labels, task.position)
            lag.add_metric(labels, left)
        return families

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
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
                "faust_transactions_stopped_partitions",
                "1 for an owned source partition that is stopped, as its topic is not its row's.",
                labels=LABELS,
            ),
        )
