import pytest
from faust_transactions import LATENCY_BUCKETS, LatencyHistogram
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from agents.degraded.latency import WINDOW, LatencyWindow, percentile

NOW = 1_795_410_452_087
LAST = LATENCY_BUCKETS[-1]


def counts(seconds: list[float]) -> tuple[int, ...]:
    """Of a histogram that observed these latencies."""
    histogram = LatencyHistogram("latency_seconds", "How long it took.", CollectorRegistry())
    histogram.observe([NOW - int(1000 * each) for each in seconds], NOW)
    return histogram.counts


def test_without_records_it_is_zero() -> None:
    assert percentile(counts([])) == (0.0, 0)


@given(st.lists(st.floats(0.001, 10_000), min_size=1, max_size=300))
def test_it_lies_in_the_bucket_of_the_record_of_that_rank(seconds: list[float]) -> None:
    found = percentile(counts(seconds))
    assert found.records == len(seconds)
    ordered = sorted(int(1000 * each) / 1000 for each in seconds)
    ranked = ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
    bound = min((each for each in LATENCY_BUCKETS if ranked <= each), default=LAST)
    below = max((each for each in LATENCY_BUCKETS if each < bound), default=0.0)
    assert below <= found.seconds <= bound


@pytest.mark.parametrize(("slow", "above"), [(1, False), (2, True)])
def test_it_is_above_a_bucket_s_bound_when_more_than_one_in_a_hundred_is(
    slow: int, above: bool
) -> None:
    found = percentile(counts([0.2] * (100 - slow) + [31.0] * slow))
    assert (found.seconds > 30) is above


def test_only_the_last_records_count() -> None:
    window = LatencyWindow()
    before = counts([40.0] * 500)
    after = tuple(a + b for a, b in zip(before, counts([0.2] * 200), strict=True))
    assert window.add(100.0, before) == (0.0, 0), "nothing is known of what was before"
    assert window.add(101.0, after).records == 200
    assert window.add(101.0 + WINDOW, after) == (0.0, 0)
