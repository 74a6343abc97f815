"""When the circuit breaker opens and closes, by a clock that is set by hand."""

import pytest

from veritas.breaker import MAX_CALLS, MIN_CALLS, WINDOW, Breaker


class Calls:
    """A breaker and calls that begin and end in the same moment."""

    def __init__(self, rejected_in_a_row: int = 10) -> None:
        self.now = 100.0
        self.breaker = Breaker(
            rejected_in_a_row=rejected_in_a_row,
            first_pause=1.0,
            last_pause=8.0,
            clock=lambda: self.now,
        )

    @property
    def state(self) -> str:
        return self.breaker.state

    def permit(self) -> int:
        permit = self.breaker.admit()
        assert permit is not None
        return permit

    def probe(self) -> int:
        """The permit of the next probe, when its time has come."""
        self.now += self.breaker.pause_left
        permit = self.breaker.admit_probe()
        assert permit is not None
        return permit

    def answered(self, number: int = 1) -> None:
        for _ in range(number):
            self.breaker.answered(self.permit())

    def failed(self, number: int = 1, wait: float = 0.0) -> None:
        for _ in range(number):
            self.breaker.failed(self.permit(), wait)

    def rejected(self, number: int = 1) -> None:
        for _ in range(number):
            self.breaker.rejected(self.permit())

    def open(self) -> Breaker:
        while self.breaker.state == "closed":
            self.failed()
        return self.breaker


def test_half_of_the_calls_open_it() -> None:
    calls = Calls()
    calls.answered(50)
    calls.failed(49)
    assert calls.state == "closed"
    calls.failed()
    assert calls.state == "open"
    assert calls.breaker.admit() is None


def test_fewer_calls_than_the_least_do_not() -> None:
    calls = Calls()
    calls.failed(MIN_CALLS - 1)
    assert calls.state == "closed"
    calls.failed()
    assert calls.state == "open"


def test_of_many_calls_the_last_hundred_count() -> None:
    calls = Calls()
    calls.answered(100_000)
    calls.failed(MAX_CALLS // 2)
    assert calls.state == "open"


def test_of_few_calls_those_within_the_window_count_and_ten_at_least() -> None:
    calls = Calls()
    calls.answered(90)
    calls.now += WINDOW + 1
    calls.failed(4)
    assert calls.state == "closed"
    assert calls.breaker.recent_calls == (4, MIN_CALLS)
    calls.failed()
    assert calls.state == "open"


def test_one_probe_at_a_time_and_only_when_the_pause_is_over() -> None:
    calls = Calls()
    breaker = calls.open()
    assert breaker.admit_probe() is None
    calls.now += 0.9
    assert breaker.admit_probe() is None
    calls.now += 0.1
    assert breaker.admit_probe() is not None
    assert calls.state == "half-open"
    assert (breaker.admit_probe(), breaker.admit()) == (None, None)


def test_the_pauses_double_up_to_a_bound_and_begin_anew() -> None:
    calls = Calls()
    breaker = calls.open()
    pauses = []
    for _ in range(5):
        pauses.append(breaker.pause_left)
        breaker.failed(calls.probe())
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]
    breaker.answered(calls.probe())
    assert calls.state == "closed"
    assert calls.open().pause_left == 1.0


def test_what_the_service_asks_for_makes_the_pause_longer() -> None:
    calls = Calls()
    calls.failed(MIN_CALLS, wait=30.0)
    assert calls.breaker.pause_left == 30.0
    calls.breaker.failed(calls.probe(), 0.5)
    assert calls.breaker.pause_left == 2.0


def test_calls_from_before_it_opened_change_nothing() -> None:
    calls = Calls()
    before = calls.permit()
    breaker = calls.open()
    probe = calls.probe()
    breaker.answered(before)
    assert not breaker.failed(before)
    assert not breaker.rejected(before)
    assert calls.state == "half-open"
    breaker.answered(probe)
    for _ in range(MIN_CALLS):
        breaker.failed(before)
    assert calls.state == "closed"


def test_a_cancelled_probe_is_no_failure_and_does_not_hold_the_breaker() -> None:
    calls = Calls()
    breaker = calls.open()
    breaker.cancelled(calls.probe())
    assert (breaker.state, breaker.pause_left) == ("open", 1.0)
    probe = calls.probe()
    breaker.answered(probe)
    breaker.cancelled(probe)
    assert calls.state == "closed"


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_rejections_in_a_row_open_it(limit: int) -> None:
    calls = Calls(limit)
    calls.rejected(limit - 1)
    calls.failed()  # no answer either
    assert calls.state == "closed"
    calls.rejected()
    assert calls.state == "open"
    assert calls.breaker.rejection_openings == 1


def test_an_answer_ends_a_run_of_rejections() -> None:
    calls = Calls()
    for _ in range(20):
        calls.rejected(9)
        calls.answered()
    assert calls.state == "closed"


def test_rejections_of_accounts_that_were_rejected_before_do_not_count() -> None:
    calls = Calls()
    for _ in range(50):
        calls.breaker.rejected(calls.permit(), repeated=True)
    assert calls.state == "closed"


def test_only_an_answer_closes_what_rejections_opened() -> None:
    calls = Calls()
    calls.rejected(10)
    calls.breaker.rejected(calls.probe())
    assert calls.state == "open"
    calls.breaker.failed(calls.probe())
    calls.breaker.rejected(calls.probe())
    assert calls.state == "open"
    calls.breaker.answered(calls.probe())
    assert calls.state == "closed"


def test_a_rejection_closes_what_failures_opened_as_the_service_responds() -> None:
    calls = Calls()
    breaker = calls.open()
    breaker.rejected(calls.probe())
    assert calls.state == "closed"
    calls.rejected(9)
    assert calls.state == "open"
    assert breaker.opened_by_rejections


def test_it_can_be_opened_from_outside_once() -> None:
    calls = Calls()
    assert calls.breaker.trip()
    assert calls.state == "open"
    assert not calls.breaker.trip()
