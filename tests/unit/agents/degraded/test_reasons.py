from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.degraded.lag import Growth
from agents.degraded.latency import Percentile
from agents.degraded.reasons import REASONS, Bounds, Observed, exceeded
from veritas import Call, RecentCalls

BOUNDS = Bounds(lag=30.0, latency=30.0, veritas_failures=0.25, veritas_latency=1.0)
OFF = Bounds(lag=0.0, latency=0.0, veritas_failures=0.0, veritas_latency=0.0)
WELL = Observed(growth=None, pending=0.2, latency=Percentile(0.4, 5_000), calls=RecentCalls())


def calls(
    seconds: Sequence[float], failed: int = 0, under_way: Sequence[float] = ()
) -> RecentCalls:
    """Of so many seconds each; the first ones failed."""
    ended = tuple(Call(0.0, each, index < failed) for index, each in enumerate(seconds))
    return RecentCalls(ended, tuple(under_way))


@pytest.mark.parametrize(
    "observed",
    [
        WELL,
        replace(WELL, pending=29.9),
        replace(WELL, latency=Percentile(30.0, 5_000)),
        replace(WELL, latency=Percentile(45.0, 99)),
        replace(WELL, calls=calls([0.1] * 100, failed=24)),
        replace(WELL, calls=calls([0.1] * 9, failed=9)),
        replace(WELL, calls=calls([0.1] * 51 + [2.0] * 49)),
        replace(WELL, calls=calls([2.0] * 9)),
        replace(WELL, calls=calls([0.1] * 20, under_way=[0.9] * 64)),
    ],
)
def test_within_the_bounds_there_is_no_reason(observed: Observed) -> None:
    assert exceeded(observed, BOUNDS) == {}


@pytest.mark.parametrize(
    ("observed", "reason", "text"),
    [
        (
            replace(WELL, growth=Growth(1_200, 45_678)),
            "lag",
            "the lag grew from 1,200 to 45,678 accounts in 30 s",
        ),
        (replace(WELL, pending=30.0), "latency", "the oldest pending account is 30 s old"),
        (
            replace(WELL, latency=Percentile(41.3, 5_000)),
            "latency",
            "more than 1 % of the last 5,000 accounts took longer than 30 s",
        ),
        (
            replace(WELL, calls=calls([0.1] * 100, failed=25)),
            "veritas_failures",
            "25 of the last 100 calls to Veritas failed",
        ),
        (
            replace(WELL, calls=calls([0.1] * 50 + [2.0] * 50)),
            "veritas_latency",
            "50 of the last 100 calls to Veritas took 1 s or longer",
        ),
        (
            replace(WELL, calls=calls([0.1] * 10, under_way=[5.0] * 10 + [0.5] * 30)),
            "veritas_latency",
            "10 of the last 20 calls to Veritas took 1 s or longer",
        ),
    ],
)
def test_a_bound_that_is_reached_is_a_reason_and_can_be_turned_off(
    observed: Observed, reason: str, text: str
) -> None:
    assert exceeded(observed, BOUNDS) == {reason: text}
    assert exceeded(observed, OFF) == {}


def test_several_reasons_are_distinguished() -> None:
    everything = Observed(
        Growth(1, 100), 60.0, Percentile(60.0, 500), calls([2.0] * 100, failed=100)
    )
    assert list(exceeded(everything, BOUNDS)) == list(REASONS)


def test_a_reason_names_its_setting() -> None:
    assert BOUNDS.setting("veritas_failures") == "FRAUD_DEGRADED_VERITAS_FAILURES=0.25"
    assert BOUNDS.setting("lag") == "FRAUD_DEGRADED_LAG=30"
