"""Which outcomes are older than the accounts at their offsets."""

import pytest

from cluster.reading.account_times import CLOCK_IS_SET_MS, CLOCKS_DIFFER_MS
from cluster.reading.last_outcomes import NEVER, LastOutcomes, Outcome
from cluster.startup.former import last_without_row, younger

NOW = CLOCK_IS_SET_MS + 10_000_000


def test_the_last_outcome_of_both_outputs_counts_where_there_is_no_row() -> None:
    verdicts = LastOutcomes(offsets={0: 7, 1: 3, 2: NEVER, 3: 9}, times={0: 70, 1: 30, 3: 90})
    letters = LastOutcomes(offsets={0: 8, 1: NEVER, 3: 8}, times={0: 60, 3: 95})
    last = {0: Outcome(8, 60), 1: Outcome(3, 30), 3: Outcome(9, 90)}
    assert last_without_row({}, verdicts, letters) == last
    assert last_without_row({1: 4}, verdicts, letters) == {0: last[0], 3: last[3]}


@pytest.mark.parametrize(
    ("at", "sent", "is_former"),
    [
        (NOW, {}, False),
        (NOW, {0: NOW - 5}, False),
        (NOW, {0: NOW + CLOCKS_DIFFER_MS}, False),
        (NOW, {0: NOW + CLOCKS_DIFFER_MS + 1}, True),
        # A worker's clock that was never set says nothing.
        (CLOCK_IS_SET_MS - 1, {0: NOW}, False),
    ],
)
def test_an_account_that_was_sent_after_its_outcome_is_another_one(
    at: int, sent: dict[int, int], is_former: bool
) -> None:
    assert younger({0: Outcome(4, at)}, sent) == ({0: 4} if is_former else {})
