"""Outputs whose names are swapped, as a start finds them."""

import pytest

from cluster.errors import ClusterError
from cluster.reading.last_outcomes import NO_RIGHT, LastOutcomes
from cluster.reading.output_kind import Kind
from cluster.startup.swapped import check_kinds, wrong_kinds
from config import Settings


def ends_with(*kinds: Kind, unread: str | None = None) -> LastOutcomes:
    return LastOutcomes(kinds=frozenset(kinds), unread=unread)


@pytest.mark.parametrize(
    ("verdicts", "letters"),
    [
        (ends_with(), ends_with()),
        (ends_with("verdict"), ends_with()),
        (ends_with(), ends_with("dead letter")),
        # The names were swapped for a while and are right now.
        (ends_with("verdict"), ends_with("verdict")),
        (ends_with("verdict", "dead letter"), ends_with("verdict")),
        # The verdicts may be in what was not read.
        (ends_with("dead letter", unread="no answer"), ends_with()),
        (ends_with("dead letter"), ends_with(unread="no answer")),
    ],
)
def test_outputs_that_may_be_right_do_not_end_a_start(
    verdicts: LastOutcomes, letters: LastOutcomes
) -> None:
    check_kinds(Settings(), verdicts, letters)


@pytest.mark.parametrize(
    ("verdicts", "letters", "line"),
    [
        (
            ends_with("dead letter"),
            ends_with("verdict"),
            (
                "topic account_verdicts (FRAUD_VERDICTS_TOPIC) has dead letters and topic "
                "bankaccount_dead_letters (FRAUD_DEAD_LETTERS_TOPIC) has verdicts: "
            ),
        ),
        (
            ends_with(),
            ends_with("verdict"),
            "topic bankaccount_dead_letters (FRAUD_DEAD_LETTERS_TOPIC) has verdicts: ",
        ),
        (
            ends_with("dead letter"),
            ends_with(unread=NO_RIGHT),
            "topic account_verdicts (FRAUD_VERDICTS_TOPIC) has dead letters: ",
        ),
    ],
)
def test_swapped_outputs_end_a_start(
    verdicts: LastOutcomes, letters: LastOutcomes, line: str
) -> None:
    with pytest.raises(ClusterError) as refused:
        check_kinds(Settings(), verdicts, letters)
    assert str(refused.value) == (
        f"{line}FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC are swapped: swap them back, or, "
        "where they are right now, give this stream new outputs"
    )


def test_nothing_is_said_of_outputs_that_are_right() -> None:
    assert wrong_kinds(Settings(), ends_with("verdict"), ends_with("dead letter")) is None
