"""Who is blamed for calls that fail: the service or the account. No sockets, a clock by hand."""

import random

from hypothesis import given
from hypothesis import strategies as st

from veritas.blame import Blame


class Calls:
    """Calls one after the other, a second each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.blame = Blame(clock=lambda: self.now)

    def answered(self, key: str) -> None:
        sent, self.now = self.now + 0.5, self.now + 1
        self.blame.answered(key, sent)

    def failed(self, key: str) -> bool:
        self.now += 1
        return self.blame.failed(key)

    def control_failed(self) -> None:
        sent, self.now = self.now + 0.5, self.now + 1
        self.blame.control_failed(sent)


def test_where_all_others_are_answered_the_fourth_failure_is_the_accounts_own() -> None:
    calls = Calls()
    for number in range(4):
        assert not calls.blame.is_accounts("ill", 4)
        calls.failed("ill")
        for other in range(25):
            calls.answered(f"{number}-{other}")
    assert calls.blame.is_accounts("ill", 4)
    assert not calls.blame.is_accounts("ill", 5)
    calls.blame.forget("ill")
    assert not calls.blame.is_accounts("ill", 0)


def test_few_answers_prove_little_but_in_turn_with_failures_they_do() -> None:
    calls = Calls()
    needed = 0
    while not calls.blame.is_accounts("ill", 4):
        calls.failed("ill")
        calls.answered("control")
        needed += 1
    assert 6 <= needed <= 10


@given(st.integers(1, 1_000))
def test_in_an_outage_nobody_is_blamed(failures: int) -> None:
    calls = Calls()
    calls.answered("before")
    for number in range(failures):
        calls.failed("ill")
        calls.failed(f"other-{number}")
        calls.control_failed()
    assert not calls.blame.is_accounts("ill", 1)
    # Nor by the first answers after it.
    calls.answered("after")
    assert not calls.blame.is_accounts("ill", 1)


def test_answers_from_before_the_first_failure_prove_nothing() -> None:
    calls = Calls()
    for number in range(500):
        calls.answered(str(number))
    for _ in range(10):
        calls.failed("ill")
    assert not calls.blame.is_accounts("ill", 1)


def test_an_answer_takes_the_blame_off() -> None:
    calls = Calls()
    for number in range(8):
        calls.failed("ill")
        calls.answered(str(number))
    assert calls.blame.is_accounts("ill", 4)
    calls.answered("ill")
    assert not calls.blame.is_accounts("ill", 0)


def test_what_failed_while_the_service_was_down_is_forgotten() -> None:
    calls = Calls()
    for number in range(8):
        calls.failed("ill")
        calls.answered(str(number))
    calls.blame.clear()
    calls.failed("ill")
    assert not calls.blame.is_accounts("ill", 4)


def test_the_more_often_others_fail_the_more_failures_it_takes() -> None:
    needed = []
    for share in (0.0, 0.2, 0.5):
        calls, rng, number = Calls(), random.Random(1), 0
        while not calls.blame.is_accounts("ill", 4):
            number += 1
            calls.failed("ill")
            for other in range(50):
                while rng.random() < share:
                    calls.failed(f"{number}-{other}")
                calls.answered(f"{number}-{other}")
        needed.append(number)
    assert needed == sorted(set(needed))
    assert needed[0] == 4
    assert needed[-1] < 40


def test_ill_accounts_do_not_cover_up_for_each_other() -> None:
    calls = Calls()
    for number in range(4):
        for ill in range(30):
            calls.failed(f"ill-{ill}")
        for well in range(30):
            calls.answered(f"{number}-{well}")
    assert all(calls.blame.is_accounts(f"ill-{ill}", 4) for ill in range(30))


def test_a_failure_is_news_of_the_service_unless_others_were_answered_since_the_last() -> None:
    calls = Calls()
    assert calls.failed("ill")
    assert calls.failed("ill")
    assert calls.failed("other")
    calls.answered("third")
    assert not calls.failed("ill")
    assert calls.failed("ill")
    calls.control_failed()
    assert calls.failed("ill")


def test_a_control_is_needed_after_a_failure_until_something_is_known() -> None:
    calls = Calls()
    assert not calls.blame.needs_control("ill")
    calls.answered("other")
    calls.failed("ill")
    assert calls.blame.needs_control("ill")
    assert not calls.blame.needs_control("other")
    calls.answered("other")
    assert not calls.blame.needs_control("ill")
    calls.failed("ill")
    calls.control_failed()
    assert not calls.blame.needs_control("ill")


def test_it_remembers_a_bounded_number_of_accounts() -> None:
    calls = Calls()
    for number in range(20_000):
        calls.failed(str(number))
        calls.answered("other")
    assert len(calls.blame._failing) == 10_000
    assert len(calls.blame._outcomes) == 1_000
