import logging

import pytest
from faust_transactions import LATENCY_BUCKETS, PartitionProgress
from prometheus_client import CollectorRegistry

from agents.degraded import Bounds, Degradation
from veritas import Call, RecentCalls

BOUNDS = Bounds(lag=30.0, latency=30.0, veritas_failures=0.25, veritas_latency=1.0)
NOW_MS = 1_790_000_000_000
SLOW = RecentCalls(tuple(Call(0.0, 2.0, failed=False) for _ in range(20)))


class Parts:
    """A worker's parts, and its clock; one look a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.partitions: list[PartitionProgress] = []
        self.calls = RecentCalls()
        self.registry = CollectorRegistry()
        self.degradation = Degradation(
            BOUNDS,
            progress=lambda: self.partitions,
            latency=lambda: (0,) * (len(LATENCY_BUCKETS) + 1),
            calls=lambda: self.calls,
            registry=self.registry,
            clock=lambda: self.now,
            time_ms=lambda: NOW_MS,
        )

    def look(self, times: int, *, is_ready: bool = True) -> None:
        for _ in range(times):
            self.now += 1.0
            self.degradation.look(is_ready=is_ready)

    def metric(self, reason: str) -> float | None:
        return self.registry.get_sample_value("fraud_degraded", {"reason": reason})


def waiting(seconds: float, lag: int = 1, partition: int = 0) -> PartitionProgress:
    return PartitionProgress("bankaccount", partition, 100, lag, NOW_MS - int(1000 * seconds))


def test_slow_calls_are_on_their_line_and_in_their_metric_only() -> None:
    parts = Parts()
    stream = parts.degradation.line("lag", "latency")
    provider = parts.degradation.line("veritas_failures", "veritas_latency")
    parts.look(5)
    assert (stream.health[0], provider.health[0], parts.metric("veritas_latency")) == (
        "ok",
        "ok",
        0,
    )
    parts.calls = SLOW
    parts.look(5)
    text = "20 of the last 20 calls to Veritas took 1 s or longer"
    assert provider.health == ("warn", text)
    assert parts.degradation.reasons == {"veritas_latency": text}
    assert (stream.health[0], stream.not_ready_reason) == ("ok", None)
    assert (parts.metric("veritas_latency"), parts.metric("lag")) == (1, 0)


def test_the_oldest_account_of_all_partitions_counts() -> None:
    parts = Parts()
    parts.partitions = [waiting(3), waiting(90, partition=1), waiting(0, partition=2)]
    parts.look(5)
    assert parts.degradation.reasons == {"latency": "the oldest pending account is 90 s old"}


def test_the_lag_of_all_partitions_together_counts() -> None:
    parts = Parts()
    for second in range(40):
        parts.partitions = [waiting(1, 50 * second), waiting(1, 9, partition=1)]
        parts.look(1)
    assert list(parts.degradation.reasons) == ["lag"]


def test_without_partitions_nothing_is_degraded() -> None:
    parts = Parts()
    parts.look(60)
    assert parts.degradation.reasons == {}


def test_a_lag_that_went_to_another_worker_is_forgotten() -> None:
    parts = Parts()
    for second in range(40):
        parts.partitions = [waiting(1, 50 * second)]
        parts.look(1)
    parts.partitions = []
    parts.look(40)
    assert parts.degradation.reasons == {}


def test_while_the_worker_is_not_ready_nothing_is_logged_and_afterwards_what_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    parts = Parts()
    parts.partitions = [waiting(90)]
    parts.look(60, is_ready=False)
    assert caplog.text == ""
    assert parts.metric("latency") == 1
    parts.look(1)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "degraded (latency)"
    ]
    parts.partitions = []
    parts.look(60, is_ready=False)
    assert len(caplog.records) == 1
    parts.look(1)
    assert caplog.records[1].getMessage().startswith("no longer degraded (latency), after ")
