from collections import Counter
from statistics import mean, median, quantiles

import pytest

from tools.veritas_server.faults import DISTRIBUTIONS, Distribution, FaultPlan, Faults

REQUESTS = 20_000


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def latencies(distribution: Distribution) -> list[float]:
    plan = FaultPlan(Faults(latency=0.1, distribution=distribution), seed=1)
    return [plan.latency() for _ in range(REQUESTS)]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_mean_latency_is_the_one_that_was_asked_for(distribution: Distribution) -> None:
    assert mean(latencies(distribution)) == pytest.approx(0.1, rel=0.05)


def test_the_distributions_differ_in_their_tails() -> None:
    assert set(latencies("fixed")) == {0.1}
    ratios = {}
    for name in DISTRIBUTIONS[1:]:
        seen = latencies(name)
        ratios[name] = quantiles(seen, n=1000)[-1] / median(seen)
    # The quantile 0.999 over the median is ln 1000 / ln 2 and exp(3.09).
    assert ratios["exponential"] == pytest.approx(10, rel=0.2)
    assert ratios["lognormal"] == pytest.approx(22, rel=0.2)


def test_without_latency_there_is_none() -> None:
    assert FaultPlan(Faults()).latency() == 0.0


def test_the_shares_are_those_that_were_asked_for() -> None:
    plan = FaultPlan(Faults(errors=0.1, throttles=0.2, rejects=0.3), seed=2)
    counted = Counter(plan.status("") for _ in range(REQUESTS))
    expected = {500: 0.1, 429: 0.2, 422: 0.3, 200: 0.4}
    assert counted.keys() == expected.keys()
    for status, share in expected.items():
        assert counted[status] / REQUESTS == pytest.approx(share, abs=0.02)


def test_the_same_seed_brings_the_same_faults() -> None:
    def statuses(seed: int) -> list[int]:
        plan = FaultPlan(Faults(errors=0.5), seed)
        return [plan.status("") for _ in range(50)]

    assert statuses(7) == statuses(7) != statuses(8)


def test_outages_begin_and_end_on_time() -> None:
    clock = Clock()
    plan = FaultPlan(Faults(outages=((10, 5), (30, 1))), clock=clock)
    seen = {}
    for second in (0, 9.9, 10, 14.9, 15, 30, 30.9, 31):
        clock.now = 1000 + second
        seen[second] = plan.status("")
    assert [second for second, status in seen.items() if status == 503] == [10, 14.9, 30, 30.9]
    assert set(seen.values()) == {200, 503}


def test_faults_can_be_kept_to_a_time() -> None:
    clock = Clock()
    faults = Faults(latency=1.0, distribution="fixed", errors=1.0, during=((10, 5),))
    plan = FaultPlan(faults, clock=clock)
    assert (plan.latency(), plan.status("")) == (0.0, 200)
    clock.now += 12
    assert (plan.latency(), plan.status("")) == (1.0, 500)
    clock.now += 5
    assert (plan.latency(), plan.status("")) == (0.0, 200)


def test_who_breaks_the_service_always_does() -> None:
    plan = FaultPlan(Faults(broken=frozenset({"Bad"}), errors=1.0, during=((10, 5),)))
    assert (plan.status("Bad"), plan.status("Good")) == (500, 200)
