"""Which failed calls are worth another attempt, and when."""

import pytest

from veritas.call import CallFailed, Failure
from veritas.http import LONGEST_WAIT, SPREAD, worth_another
from veritas.protocol import VeritasRejected, VeritasUnavailable


@pytest.mark.parametrize("kind", ["error", "timeout", "unreachable", "throttled"])
def test_what_may_pass_is_tried_again_after_a_pause_of_our_own(kind: Failure) -> None:
    assert worth_another(CallFailed("", kind)) is True


@pytest.mark.parametrize("kind", ["refused", "rejected"])
def test_a_4xx_is_not(kind: Failure) -> None:
    assert worth_another(CallFailed("", kind, 1.0)) is False


@pytest.mark.parametrize("error", [VeritasRejected(), VeritasUnavailable(), ValueError()])
def test_nor_is_what_is_settled_or_waits_for_the_breaker(error: Exception) -> None:
    assert worth_another(error) is False


@pytest.mark.parametrize(
    ("asked_for", "least"), [(0.0, 0.0), (3.0, 3.0), (7_200.0, LONGEST_WAIT), (1e300, LONGEST_WAIT)]
)
def test_a_retry_after_is_kept_to_up_to_a_bound_and_callers_come_back_one_by_one(
    asked_for: float, least: float
) -> None:
    pauses = {worth_another(CallFailed("", "throttled", asked_for)) for _ in range(50)}
    assert len(pauses) > 40
    assert all(least <= pause <= least + SPREAD for pause in pauses)
