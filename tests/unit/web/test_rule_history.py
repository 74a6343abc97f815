"""The check of verdicts against published versions: it finds what the chaos test looks for."""

import pytest

from records import Verdict
from tests.chaos.rule_history import History, Verdicts

HISTORY = History()
HISTORY.published(0, "builtin")
HISTORY.published(1_000, "a", 1)
HISTORY.published(2_000, "b", 2)
HISTORY.published(3_000, "a", 1)


def verdict(rules: str, at: int, amount: float = 1.5) -> Verdict:
    number = HISTORY.numbers.get(rules)
    above = number is not None and amount > number
    return Verdict(
        id="in-0-0",
        topic="in",
        partition=0,
        offset=0,
        account="f" * 32,
        card="************1111",
        amount=amount,
        authorized=not above,
        reasons=(f"above_{number}",) if above else (),
        verified_at=at,
        outcome="review" if above else "authorized",
        rules=rules,
        shadow=() if number is None else (f"mark_{number}",),
    )


@pytest.mark.parametrize(
    ("at", "version", "age"),
    [
        (999, "builtin", 0),
        (1_000, "builtin", 0),
        (1_500, "builtin", 500),
        (1_500, "a", 0),
        (999, "a", None),
        (2_700, "a", 700),
        (9_000, "a", 0),
        (9_000, "b", 6_000),
        (9_000, "c", None),
    ],
)
def test_the_age_of_a_version(at: int, version: str, age: int | None) -> None:
    assert HISTORY.age(at, version) == age


def checked(*notes: tuple[int, Verdict]) -> Verdicts:
    verdicts = Verdicts(HISTORY)
    for offset, each in notes:
        verdicts.note(0, offset, each)
    return verdicts


def test_verdicts_by_one_version_a_transaction_are_all_right() -> None:
    found = checked(
        (0, verdict("builtin", 500)),
        (1, verdict("builtin", 500)),
        (3, verdict("a", 1_100)),
        (4, verdict("a", 1_100, 0.5)),
        (6, verdict("a", 2_200)),
        (8, verdict("b", 2_300)),
    )
    assert (found.read, found.batches, found.oldest) == (6, 4, 200)
    assert (found.never_active, found.mixed, found.foreign) == (0, 0, 0)
    assert found.latencies() == [100, 300]


def test_two_versions_in_one_transaction_are_found() -> None:
    assert checked((0, verdict("a", 2_100)), (1, verdict("b", 2_100))).mixed == 1


def test_a_version_before_its_time_is_found() -> None:
    assert checked((0, verdict("b", 1_900))).never_active == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"shadow": ("mark_2",)},
        {"shadow": ("mark_1", "mark_2")},
        {"shadow": ()},
        {"reasons": ()},
        {"reasons": ("above_1", "above_2")},
    ],
)
def test_a_verdict_of_other_rules_than_it_names_is_found(changes: dict[str, object]) -> None:
    assert checked((0, verdict("a", 1_100).derive(**changes))).foreign == 1
