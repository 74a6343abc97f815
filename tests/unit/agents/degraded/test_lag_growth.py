import random
from collections.abc import Iterable

import pytest

from agents.degraded.lag import Growth, LagHistory, LagSample

OWNED = frozenset({("bankaccount", 0), ("bankaccount", 1)})


def grown(
    lags: Iterable[int], *, processed: int = 0, seconds: float = 30.0, every: float = 1.0
) -> Growth | None:
    """After one sample each `every` seconds, with so many accounts processed a second."""
    history = LagHistory(seconds)
    for number, lag in enumerate(lags):
        at = 1_000.0 + number * every
        history.add(LagSample(at, lag, int(processed * number * every), OWNED))
    return history.growth


def test_a_lag_that_rises_for_the_whole_time_grows() -> None:
    assert grown(range(0, 3_100, 100), processed=50) == Growth(100, 3_000)


def test_shorter_than_the_time_nothing_is_known() -> None:
    assert grown([]) is None
    assert grown(range(0, 3_000, 100)) is None


@pytest.mark.parametrize("lag", [0, 7, 100_000])
def test_a_lag_that_stays_does_not_grow(lag: int) -> None:
    assert grown([lag] * 60) is None


def test_a_burst_that_is_worked_off_is_no_growth() -> None:
    burst = [0] * 20 + [100_000 - 1_000 * second for second in range(60)]
    for length in range(30, 80):
        assert grown(burst[:length], processed=1_000) is None


def test_what_waits_at_any_moment_is_no_growth_though_it_differs_from_moment_to_moment() -> None:
    chance = random.Random(1)
    lags = [chance.randrange(2_000) for _ in range(2_000)]
    assert all(grown(lags[end - 60 : end], processed=1_000) is None for end in range(60, 2_000))


def test_growth_of_less_than_a_third_of_the_time_s_work_is_none() -> None:
    rising = [1_000 + 10 * second for second in range(31)]
    assert grown(rising, processed=200) is None
    assert grown(rising, processed=100) is not None


def test_a_rise_with_gaps_back_to_zero_is_no_growth() -> None:
    assert grown([100 * second if second % 7 else 0 for second in range(40)]) is None


def test_partitions_that_come_or_go_start_anew() -> None:
    history = LagHistory(30.0)
    for second in range(25):
        history.add(LagSample(second, 100 * second, 0, OWNED))
    for second in range(25, 54):
        history.add(LagSample(second, 100 * second, 0, frozenset({("bankaccount", 0)})))
        assert history.growth is None
    history.add(LagSample(55.0, 5_500, 0, frozenset({("bankaccount", 0)})))
    assert history.growth is not None


def test_a_pause_without_samples_proves_nothing() -> None:
    history = LagHistory(30.0)
    history.add(LagSample(0.0, 0, 0, OWNED))
    history.add(LagSample(29.0, 400, 0, OWNED))
    history.add(LagSample(30.0, 500, 0, OWNED))
    assert history.growth is None


@pytest.mark.parametrize("seconds", [6.0, 600.0, 86_400.0])
def test_any_time_can_be_asked_for_and_few_samples_are_kept(seconds: float) -> None:
    lags = range(0, 2_000_000, 1_000)
    found = grown(lags, seconds=seconds, every=seconds / 300)
    assert found is not None
    assert found.now == pytest.approx(1_999_000, abs=6_000)


def test_a_time_of_zero_finds_nothing() -> None:
    assert grown(range(100), seconds=0.0) is None
