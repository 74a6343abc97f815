"""Hits of the last 15 minutes, from samples of the totals."""

from web.live.rule_hits import INTERVAL, LENGTH, HitSample, RuleHits, grown


def sample(at: float, hits: int) -> HitSample:
    return HitSample(at, {"large": hits}, {"trial": 2 * hits})


def test_the_oldest_sample_of_15_minutes_is_what_recent_hits_are_counted_from() -> None:
    kept = RuleHits()
    for number in range(200):
        kept.add(sample(number * INTERVAL, number))
    assert kept.before(sample(199 * INTERVAL, 199)) == sample(
        (199 - LENGTH) * INTERVAL, 199 - LENGTH
    )


def test_before_15_minutes_have_passed_it_is_the_first_sample() -> None:
    kept = RuleHits()
    for number in range(3):
        kept.add(sample(1_000 + number * INTERVAL, number))
    assert kept.before(sample(1_040, 9)) == sample(1_000, 0)


def test_without_a_sample_of_15_minutes_there_are_no_recent_hits() -> None:
    kept, now = RuleHits(), sample(10_000, 9)
    assert kept.before(now) == now
    kept.add(sample(0, 7))
    assert kept.before(now) == now


def test_samples_between_intervals_and_of_a_clock_set_back_are_passed_over() -> None:
    kept = RuleHits()
    for at in (1_000, 1_005, 1_010, 900):
        kept.add(sample(at, at))
    assert kept.before(sample(1_010, 0)) == sample(1_000, 1_000)


def test_hits_that_decrease_are_none() -> None:
    assert grown({"large": 5}, {"large": 2}, "large") == 3
    assert grown({"large": 1}, {"large": 2}, "large") == 0
    assert grown({}, {"large": 2}, "large") == 0
