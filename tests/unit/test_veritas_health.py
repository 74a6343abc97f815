"""What calls say about the service. No sockets."""

import time

import pytest

from veritas.breaker import Breaker
from veritas.call import CallFailed, Failure, Question
from veritas.health import LONGEST_SILENCE, UNAVAILABLE, Health
from veritas.rejections import Rejections
from veritas.throttling import Throttling


class Calls:
    """Calls one after the other; the breaker's clock is set by hand."""

    def __init__(self, threshold: int = 3, patience: float = 3_600.0) -> None:
        self.now = 0.0
        self.breaker = Breaker(threshold, first_pause=1.0, clock=lambda: self.now)
        self.health = Health(self.breaker, Throttling(patience), Rejections(2))

    def answered(self, key: str) -> None:
        permit = self.breaker.admit()
        assert permit is not None
        self.health.answered(permit, Question(b"", key), self.now)

    def failed(
        self,
        kind: Failure,
        key: str = "somebody",
        retry_after: float | None = None,
        *,
        control: bool = False,
    ) -> None:
        permit = self.breaker.admit()
        assert permit is not None
        failure = CallFailed(f"({kind})", kind, retry_after)
        self.health.failed(permit, failure, Question(b"", key), self.now, control=control)

    def probe(self) -> None:
        """Let the pause pass, so that the next call is a probe."""
        self.now += self.breaker.pause_left


def test_of_a_service_that_is_well_there_is_nothing_to_say() -> None:
    calls = Calls()
    calls.failed("error")
    calls.answered("other")
    assert calls.health.trouble is None
    assert calls.health.not_ready_reason is None


def test_one_account_that_fails_from_the_start_may_be_the_reason_itself() -> None:
    calls = Calls()
    for _ in range(3):
        calls.failed("error")
    assert calls.health.not_ready_reason == (
        f"{UNAVAILABLE}: (error); nobody was answered about yet, so it may lie with the account "
        "asked about"
    )
    calls = Calls()
    for _ in range(3):
        calls.failed("unreachable")
    assert calls.health.not_ready_reason == f"{UNAVAILABLE}: (unreachable)"
    calls = Calls()
    calls.answered("somebody")
    for number in range(3):
        calls.failed("error", str(number))
    assert calls.health.not_ready_reason == f"{UNAVAILABLE}: (error)"


def test_429_does_not_open_the_breaker_but_keeps_it_open() -> None:
    calls = Calls()
    for _ in range(100):
        calls.failed("throttled")
    assert calls.health.trouble is None
    for _ in range(3):
        calls.failed("error")
    calls.probe()
    calls.failed("throttled")
    assert calls.health.trouble == ("throttled", "(throttled), and answers about nobody")
    assert calls.breaker.pause_left == 2.0, "the pauses grow likewise"
    calls.probe()
    calls.answered("somebody")
    assert calls.health.trouble is None


@pytest.mark.parametrize(("asked_for", "kept_to"), [(0.0, 1.0), (5.0, 5.0), (7_200.0, 60.0)])
def test_a_retry_after_makes_the_pause_longer_up_to_a_minute(
    asked_for: float, kept_to: float
) -> None:
    assert LONGEST_SILENCE == 60.0
    calls = Calls(patience=0.0)
    calls.failed("throttled", retry_after=asked_for)
    assert calls.breaker.pause_left == kept_to
    calls = Calls(threshold=1)
    calls.failed("error", retry_after=asked_for)
    assert calls.breaker.pause_left == kept_to


def test_a_rejection_shows_that_the_service_is_there() -> None:
    calls = Calls()
    for number in range(10):
        calls.failed("error")
        calls.failed("error")
        calls.failed("rejected", "one and the same")
        assert calls.health.trouble is None, number


@pytest.mark.parametrize("kind", ["unreachable", "throttled", "rejected"])
def test_a_rejection_from_before_the_service_was_away_is_not_borne_out_by_an_answer_after_it(
    kind: Failure,
) -> None:
    calls = Calls(threshold=1, patience=0.0)
    calls.failed("rejected", "believed")
    calls.failed("rejected", "believed as well")
    came = time.monotonic()
    assert not calls.health.rejections.believes("undecided", came)
    if kind == "rejected":
        calls.health.rejects_everybody(CallFailed("answered 415", kind), control=False)
    else:
        calls.failed(kind)
    calls.probe()
    permit = calls.breaker.admit()
    assert permit is not None
    calls.health.answered(permit, Question(b"", "somebody"), time.monotonic())
    assert calls.health.trouble is None
    assert not calls.health.rejections.borne_out(came)


def test_nobody_who_is_answered_about_is_told_of_though_some_are_rejected() -> None:
    calls = Calls(patience=0.0)
    calls.answered("known")
    for number in range(2):
        calls.failed("rejected", str(number))
    calls.failed("rejected", "one that is not believed")
    calls.failed("throttled")
    assert calls.health.trouble == ("throttled", "(throttled), and answers about nobody")


def test_when_nobody_was_answered_yet_a_rejection_ends_an_outage() -> None:
    calls = Calls(threshold=1)
    calls.failed("unreachable")
    calls.probe()
    calls.failed("rejected", "one")
    assert calls.health.trouble is None


def test_when_somebody_was_answered_only_an_answer_ends_it() -> None:
    calls = Calls(threshold=1)
    calls.answered("known")
    calls.failed("unreachable")
    calls.probe()
    calls.failed("rejected", "known", control=True)
    said = "(rejected) to everybody, also about an account that it had answered about"
    assert calls.health.trouble == ("rejected", said)
    calls.probe()
    calls.failed("rejected", "other")
    assert calls.health.trouble == ("rejected", said), "the control had more to say"
    calls.probe()
    calls.answered("other")
    assert calls.health.trouble is None


def test_a_service_that_rejects_everybody_stays_away_while_it_does() -> None:
    calls = Calls()
    for number in range(3):
        calls.failed("rejected", str(number))
    rejection = CallFailed("answered 415", "rejected")
    calls.health.rejects_everybody(rejection, control=False)
    for key in ("0", "9", "10"):  # believed before, or not
        calls.probe()
        calls.failed("rejected", key)
        assert calls.health.trouble == (
            "rejected",
            "(rejected) to everybody since this worker started",
        )
    calls.probe()
    calls.answered("9")
    assert calls.health.trouble is None
