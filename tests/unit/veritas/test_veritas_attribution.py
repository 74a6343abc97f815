"""When failed calls are put down to the account."""

import itertools
from math import comb

from veritas.attribution import FIRST_CALLS, LAST_ANSWERS, ROUNDS, FailedCalls, RecentAnswers


def answers_of(*first_calls: bool) -> RecentAnswers:
    answers = RecentAnswers()
    for first_call in first_calls:
        answers.add(0.0, first_call=first_call)
    return answers


def decisions(answers: RecentAnswers, rounds: int, *, others: bool) -> list[str]:
    """What each failed call of so many rounds of four is taken for."""
    failed, clock = FailedCalls(answers, 4), itertools.count(1.0)
    made: list[str] = []
    for _ in range(4 * rounds):
        made.append(failed.add(next(clock), "answered 500"))
        if others:
            answers.add(next(clock), first_call=True)
    return made


def test_an_account_is_given_up_at_the_end_of_the_third_round() -> None:
    made = decisions(answers_of(), ROUNDS, others=True)
    assert made == ["retry"] * 11 + ["given up"]


def test_a_round_without_an_answer_about_another_account_says_nothing_of_this_one() -> None:
    made = decisions(answers_of(*[True] * 20), 5, others=False)
    assert made == ["retry", "retry", "retry", "alone"] * 5


def test_an_answer_to_a_question_from_before_the_failure_does_not_count() -> None:
    answers = answers_of(True)
    failed = FailedCalls(answers, 1)
    for now in (10.0, 20.0):
        answers.add(9.0, first_call=True)
        assert failed.add(now, "answered 500") == "alone"


def test_it_is_not_given_up_while_others_are_retried_often() -> None:
    answers = answers_of(*[True] * 15, *[False] * 5)
    failed = FailedCalls(answers, 1)
    assert not answers.steady
    for now in range(1, 10):
        assert failed.add(now, "answered 500") != "given up"
        answers.add(now, first_call=now % 4 != 0)
    for now in range(10, 40):
        answers.add(now, first_call=True)
    assert answers.steady
    assert failed.add(40, "answered 500") == "given up"
    assert failed.rounds_used_up


def test_nothing_is_steady_before_the_first_answer() -> None:
    assert not answers_of().steady
    assert answers_of(True).steady


def test_the_chance_to_give_up_a_healthy_account_is_less_than_one_in_500_000() -> None:
    def chance(failing: float) -> float:
        """That all calls of one account fail by chance and those about others look steady."""
        steady = sum(
            comb(LAST_ANSWERS, first) * (1 - failing) ** first * failing ** (LAST_ANSWERS - first)
            for first in range(FIRST_CALLS, LAST_ANSWERS + 1)
        )
        return float(failing ** (4 * ROUNDS) * steady)

    assert max(chance(share / 100) for share in range(100)) < 1 / 500_000
