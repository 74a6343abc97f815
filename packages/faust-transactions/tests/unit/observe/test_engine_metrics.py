"""What the engine tells of itself: latency of every record, and partitions as they are now."""

import time
from typing import Any, cast

from faust.types import TP
from faust_transactions.observe.latency import BUCKETS, LatencyHistogram
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.observe.owned import OwnedPartitions, PartitionProgress
from faust_transactions.task import Fetch, StreamTask
from faust_transactions.testing import StoredRecord
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

NOW = 1_795_410_452_087
#: Milliseconds before now: ahead of the clock, on a bucket's bound, and anything up to hours.
AGES = st.integers(-5_000, 10_000_000) | st.sampled_from([int(each * 1000) for each in BUCKETS])


def latency() -> tuple[LatencyHistogram, CollectorRegistry]:
    registry = CollectorRegistry()
    return LatencyHistogram("latency_seconds", "How long it took.", registry), registry


@given(st.lists(st.lists(AGES, max_size=30), max_size=4))
def test_each_record_is_in_the_buckets_that_it_belongs_to(batches: list[list[int]]) -> None:
    histogram, registry = latency()
    for ages in batches:
        histogram.observe([NOW - age for age in ages], NOW)
    seconds = [max(0, age) / 1000 for ages in batches for age in ages]
    for bound in BUCKETS:
        counted = registry.get_sample_value("latency_seconds_bucket", {"le": str(float(bound))})
        assert counted == sum(each <= bound for each in seconds)
    assert registry.get_sample_value("latency_seconds_bucket", {"le": "+Inf"}) == len(seconds)
    assert registry.get_sample_value("latency_seconds_count") == len(seconds)
    total = registry.get_sample_value("latency_seconds_sum")
    assert total is not None
    assert abs(total - sum(seconds)) < 1e-3


def test_a_record_without_a_timestamp_has_no_latency() -> None:
    histogram, registry = latency()
    histogram.observe([-1, NOW - 1_000, -1], NOW)
    histogram.observe([-1], NOW)
    histogram.observe([], NOW)
    assert registry.get_sample_value("latency_seconds_count") == 1
    assert registry.get_sample_value("latency_seconds_sum") == 1.0


def test_the_caller_keeps_its_timestamps() -> None:
    histogram, _ = latency()
    stamps = [NOW, NOW - 5, NOW + 5]
    histogram.observe(stamps, NOW)
    assert stamps == [NOW, NOW - 5, NOW + 5]


def test_a_batch_counts_each_of_its_records() -> None:
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    metrics.batch_committed("in", [StoredRecord(n, b"", timestamp=NOW) for n in range(7)])
    metrics.batch_committed("in", [StoredRecord(7, b"", timestamp=NOW)])
    values = {
        "faust_transactions_records_total": 8,
        "faust_transactions_batch_records_count": 2,
        "faust_transactions_batch_records_sum": 8,
        "faust_transactions_latency_seconds_count": 8,
    }
    for name, value in values.items():
        labels = {"topic": "in"} if name == "faust_transactions_records_total" else {}
        assert registry.get_sample_value(name, labels) == value
    assert registry.get_sample_value("faust_transactions_total", {"outcome": "committed"}) == 2


class Writer:
    transactional_id = "app-in-3"


class Owned:
    """One partition of one topic, and what is known of its end."""

    def __init__(self, *, end: int | None) -> None:
        self.registry = CollectorRegistry()
        self.owned = OwnedPartitions(self.registry)
        self.task = StreamTask(TP("in", 3), cast(Any, Writer()))
        self.task.start_at(10)
        self.task.sought(0)
        self.task.accept(Fetch(0, (), None, end))
        self.tasks = {self.task.tp: self.task}
        self.owned.tasks = self.tasks

    def value(self, name: str) -> float | None:
        return self.registry.get_sample_value(name, {"topic": "in", "partition": "3"})

    @property
    def lag(self) -> float | None:
        return self.value("faust_transactions_lag_records")


def test_the_lag_follows_commits_and_what_was_fetched() -> None:
    owned = Owned(end=25)
    assert owned.lag == 15
    owned.task.commit(None, 25, ())
    assert owned.lag == 0
    assert owned.value("faust_transactions_committed_offset") == 25


def test_the_lag_of_a_partition_that_stands_still_grows() -> None:
    owned = Owned(end=25)
    ends = {3: 20}
    owned.owned.ends = {"in": lambda: ends}
    assert owned.lag == 15, "an end that was asked for before the last fetch"
    ends[3] = 1_000
    assert owned.lag == 990
    owned.owned.ends = {"in": dict, "other": lambda: {3: 5_000}}
    assert owned.lag == 15, "nothing is known of this topic's ends yet"


def test_the_age_of_the_oldest_record_grows_until_it_is_done() -> None:
    owned = Owned(end=25)
    name = "faust_transactions_pending_seconds"
    assert owned.value(name) == 0
    sent = time.time_ns() // 1_000_000 - 90_000
    origin = owned.task.hand_out([StoredRecord(10, b"", timestamp=sent)])
    age = owned.value(name)
    assert age is not None
    assert age >= 90
    (progress,) = owned.owned.progress()
    assert progress == PartitionProgress("in", 3, 10, 15, sent)
    assert progress.pending_seconds(sent + 1_500) == 1.5
    assert progress.pending_seconds(sent - 1_500) == 0, "from a clock that is ahead"
    assert progress._replace(pending_since=-1).pending_seconds(sent) == 0, "without a timestamp"
    owned.task.finished(origin)
    assert owned.value(name) == 0


def test_a_partition_that_was_given_up_or_not_begun_is_not_reported() -> None:
    owned = Owned(end=None)
    assert owned.lag == 0
    new = StreamTask(owned.task.tp, cast(Any, Writer()))
    owned.tasks[new.tp] = new
    assert owned.lag is None
    owned.tasks[new.tp] = owned.task
    assert owned.value("faust_transactions_committed_offset") == 10
    owned.tasks.clear()
    assert owned.value("faust_transactions_committed_offset") is None
