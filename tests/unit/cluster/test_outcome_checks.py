"""Where rows and outputs differ, as a start compares them."""

import pytest

from cluster.reading.last_outcomes import NEVER, LastOutcomes
from cluster.startup.former import former_outcomes
from cluster.startup.outcomes import lost_outcomes, unknown_outcomes

NONE = LastOutcomes()


def outputs(verdicts: dict[int, int], letters: dict[int, int]) -> tuple[LastOutcomes, LastOutcomes]:
    return LastOutcomes(offsets=verdicts), LastOutcomes(offsets=letters)


@pytest.mark.parametrize(
    ("judged", "verdicts", "letters"),
    [
        ({}, {}, {}),
        ({}, {0: NEVER}, {0: NEVER}),
        ({0: 5}, {0: 4}, {0: NEVER}),
        ({0: 5}, {0: 3}, {0: 4}),
        ({0: 5, 1: 1}, {0: 4, 1: 0}, {0: 0, 1: NEVER}),
    ],
)
def test_rows_and_outputs_of_the_same_transactions_agree(
    judged: dict[int, int], verdicts: dict[int, int], letters: dict[int, int]
) -> None:
    assert unknown_outcomes(judged, *outputs(verdicts, letters)) == {}
    assert lost_outcomes(judged, *outputs(verdicts, letters)) == {}


@pytest.mark.parametrize(
    ("judged", "verdicts", "letters", "last"),
    [
        ({}, {2: 0}, {2: NEVER}, {2: 0}),
        ({0: 5}, {0: 5}, {0: NEVER}, {0: 5}),
        ({0: 5}, {0: 4}, {0: 9}, {0: 9}),
        ({0: 5}, {0: 7}, {0: 6}, {0: 7}),
        ({0: 5}, {}, {0: 6}, {0: 6}),
    ],
)
def test_outcomes_beyond_the_rows_are_named(
    judged: dict[int, int], verdicts: dict[int, int], letters: dict[int, int], last: dict[int, int]
) -> None:
    assert unknown_outcomes(judged, *outputs(verdicts, letters)) == last


@pytest.mark.parametrize(
    ("judged", "verdicts", "letters", "last"),
    [
        ({0: 5}, {0: NEVER}, {0: NEVER}, {0: NEVER}),
        ({0: 5}, {0: 2}, {0: 3}, {0: 3}),
        # Retention deleted all verdicts, or another stream wrote the last records.
        ({0: 5}, {}, {0: 3}, {}),
        ({0: 5}, {0: 3}, {}, {}),
    ],
)
def test_judged_accounts_without_outcomes_are_named_where_both_outputs_are_known(
    judged: dict[int, int], verdicts: dict[int, int], letters: dict[int, int], last: dict[int, int]
) -> None:
    assert lost_outcomes(judged, *outputs(verdicts, letters)) == last


def test_outputs_that_cannot_be_read_say_nothing() -> None:
    assert unknown_outcomes({0: 5}, NONE, NONE) == {}
    assert lost_outcomes({0: 5}, NONE, NONE) == {}


@pytest.mark.parametrize(
    ("judged", "verdicts", "letters", "last"),
    [
        ({}, {0: 7}, {}, {0: 7}),
        ({}, {0: 7}, {0: 9, 1: 2}, {0: 9, 1: 2}),
        ({}, {}, {}, {}),
        # Rows say which topic they belong to: somebody else wrote that outcome.
        ({3: 5}, {0: 7}, {0: 9}, {}),
    ],
)
def test_without_rows_the_outcomes_of_a_former_accounts_topic_are_named(
    judged: dict[int, int], verdicts: dict[int, int], letters: dict[int, int], last: dict[int, int]
) -> None:
    found = LastOutcomes(beyond=verdicts), LastOutcomes(beyond=letters)
    assert former_outcomes(judged, *found) == last
