"""Whether a rejection lies with the account. No sockets; times by hand."""

from hypothesis import given
from hypothesis import strategies as st

from veritas.rejections import Rejections


def believed(rejections: Rejections, keys: range, at: float) -> int:
    """How many of these accounts, all rejected at that time, are believed at once."""
    return sum(rejections.believes(f"account-{key}", at) for key in keys)


def test_a_few_are_believed_at_once_and_the_next_one_is_not() -> None:
    rejections = Rejections(believed=10)
    assert believed(rejections, range(10), at=1.0) == 10
    assert rejections.full
    assert not rejections.believes("another", 1.0)
    assert not rejections.borne_out(1.0)


def test_the_same_account_again_is_no_other_account() -> None:
    rejections = Rejections(believed=2)
    assert all(rejections.believes("one", at) for at in range(100))
    assert not rejections.full
    assert rejections.believes("two", 100.0)
    assert rejections.full
    assert rejections.believes("one", 101.0)
    assert not rejections.believes("three", 101.0)


def test_an_answer_begins_the_count_anew_and_bears_out_what_came_before_it_was_asked_for() -> None:
    rejections = Rejections(believed=10)
    believed(rejections, range(10), at=1.0)
    assert not rejections.believes("eleventh", 2.0)
    rejections.answered(sent=3.0)
    assert rejections.borne_out(2.0)
    assert not rejections.borne_out(4.0)
    assert believed(rejections, range(100, 200), at=4.0) == 10


def test_an_answer_to_a_question_from_before_says_nothing() -> None:
    rejections = Rejections(believed=10)
    believed(rejections, range(10), at=5.0)
    rejections.answered(sent=4.0)
    assert rejections.full
    assert not rejections.borne_out(5.0)
    rejections.answered(sent=6.0)
    rejections.answered(sent=3.0)
    assert rejections.borne_out(5.0), "the newest question counts, in whichever order they end"


def test_what_came_before_the_service_was_away_is_not_borne_out_by_answers_after_it() -> None:
    rejections = Rejections(believed=1)
    rejections.believes("one", 1.0)
    assert not rejections.believes("two", 2.0)
    rejections.away(3.0)
    assert rejections.full
    rejections.answered(sent=4.0)
    assert not rejections.borne_out(2.0)
    assert rejections.believes("three", 5.0)
    assert not rejections.believes("two", 6.0)
    rejections.answered(sent=7.0)
    assert rejections.borne_out(6.0)


@given(st.integers(1, 20), st.lists(st.floats(0, 99), max_size=50), st.integers(1, 500))
def test_a_service_that_rejects_everybody_from_one_moment_on_costs_the_first_few_at_most(
    few: int, sent_before: list[float], accounts: int
) -> None:
    rejections = Rejections(few)
    lost = 0
    for number in range(accounts):
        # Answers of the time before may come in at any time, in between.
        if number < len(sent_before):
            rejections.answered(sent_before[number])
        came = 100.0 + number
        lost += rejections.believes(str(number), came) or rejections.borne_out(came)
    assert lost == min(few, accounts)


def test_it_remembers_no_more_than_it_believes() -> None:
    rejections = Rejections(believed=10)
    believed(rejections, range(10_000), at=1.0)
    assert len(rejections._row) == 10
