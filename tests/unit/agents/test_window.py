"""The bits of a partition's last outcomes behave as a deque of them does."""

from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.limit.counting import allowed
from agents.limit.window import SIZE, Crossing, crossing, slide

stretches = st.lists(
    st.tuples(st.booleans(), st.integers(1, 700)).map(lambda one: [one[0]] * one[1]), max_size=6
).map(lambda parts: [invalid for part in parts for invalid in part])
batches = st.lists(st.lists(st.booleans(), max_size=30) | stretches, max_size=5)


def indices(batch: Sequence[bool]) -> list[int]:
    return [index for index, invalid in enumerate(batch) if invalid]


def written(outcomes: Sequence[bool]) -> str:
    """The oldest first, as a binary number."""
    number = int("".join("01"[invalid] for invalid in outcomes) or "0", 2)
    return f"{number:x}" if number else ""


@settings(deadline=None)
@given(batches)
@example([[True] * 5_000, [False] * 999])
@example([[True] * 1_000, [False] * 1_000])
@example([[True], [False] * 20_000])
def test_after_any_batches_it_holds_the_last_thousand_outcomes(batches: list[list[bool]]) -> None:
    last = deque([False] * SIZE, maxlen=SIZE)
    recent = ""
    for batch in batches:
        recent = slide(recent, len(batch), indices(batch))
        last.extend(batch)
        assert recent == written(last)
        assert len(recent) <= SIZE / 4


@settings(deadline=None)
@given(batches, st.integers(0, SIZE))
@example([[True] * 1_000, [False], [True]], 1_000)
@example([[True] * 501], 500)
@example([[True] * 1_000, [False] * 499, [False, True]], 500)
def test_it_is_crossed_with_the_first_invalid_record_that_is_one_too_many(
    batches: list[list[bool]], most: int
) -> None:
    last = deque([False] * SIZE, maxlen=SIZE)
    recent = ""
    for batch in batches:
        expected = None
        for index, invalid in enumerate(batch):
            last.append(invalid)
            if invalid and expected is None and sum(last) > most:
                expected = Crossing(index, sum(last))
        assert crossing(recent, indices(batch), most) == expected
        recent = slide(recent, len(batch), indices(batch))


@settings(deadline=None)
@given(stretches, st.integers(0, SIZE), st.integers(1, 800))
def test_it_does_not_matter_how_the_records_are_cut_into_batches(
    outcomes: list[bool], most: int, size: int
) -> None:
    whole = crossing("", indices(outcomes), most)
    recent, found = "", None
    for start in range(0, len(outcomes), size):
        part = outcomes[start : start + size]
        here = crossing(recent, indices(part), most)
        if here and found is None:
            found = Crossing(start + here.at, here.invalid)
        recent = slide(recent, len(part), indices(part))
    assert found == whole
    assert recent == slide("", len(outcomes), indices(outcomes))


def test_a_handful_of_bad_records_at_the_start_crosses_nothing() -> None:
    assert crossing("", range(500), 500) is None
    assert crossing("", range(501), 500) == Crossing(500, 501)


def test_records_that_are_valid_never_cross_whatever_came_before() -> None:
    assert crossing("f" * 250, (), 0) is None


@pytest.mark.parametrize(
    ("ratio", "number"),
    [(0.0, 0), (0.5, 500), (0.29, 290), (0.57, 570), (0.9999, 999), (1.0, 1000)],
)
def test_a_ratio_allows_that_many_of_the_last_thousand(ratio: float, number: int) -> None:
    assert allowed(ratio) == number
