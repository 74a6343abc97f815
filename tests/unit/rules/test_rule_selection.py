"""Which published rule set a worker judges by, whatever the topic holds."""

from typing import Any

import pytest

from rules.ruleset import load
from rules.selection import Refusal, select
from rules.versions.announcement import Announcement, read_announcement
from rules.versions.publication import Publication


def source(name: str) -> str:
    return f'[[rule]]\nname = "{name}"\nwhen = "amount > 1"\nthen = "review"\n'


def published(name: str, **changes: Any) -> bytes:
    text = source(name)
    made: dict[str, Any] = {
        "version": load(text).version,
        "source": text,
        "published_at": 7,
        "author": "ann",
        "note": "why",
        "program": "9.0.0",
    }
    return Publication(**{**made, **changes}).dumps()


OWN = load(source("x")).version


def test_the_last_one_is_selected_with_its_history() -> None:
    found = select([(0, published("old")), (1, published("new"))])
    assert found.refused is None
    assert found.version is not None
    assert found.version.version == load(source("new")).version
    assert (found.version.since, found.version.author, found.version.note) == (7, "ann", "why")
    assert [rule.name for rule in found.version.compiled.rule_set.rules] == ["new"]


def test_nothing_new_changes_nothing() -> None:
    assert select([]) == (None, None)


@pytest.mark.parametrize(
    ("value", "what", "why"),
    [
        (
            published("x", version="of another length"),
            "the record at offset 5",
            "it is a rule set in a form of another program",
        ),
        (
            published("x", version="0123456789ab", source='[[rule]]\nnew_key = "x"\n'),
            "rules 0123456789ab",
            "1:1: rule number 1: name is missing; and 3 more faults (published by fraud_app 9.0.0)",
        ),
        (
            published("x", version="0123456789ab"),
            "rules 0123456789ab",
            f"1:1: it has version {OWN} here, not 0123456789ab (published by fraud_app 9.0.0)",
        ),
    ],
)
def test_one_that_cannot_be_used_leaves_the_one_before(value: bytes, what: str, why: str) -> None:
    found = select([(4, published("good")), (5, value)])
    assert found.version is not None
    assert found.version.version == load(source("good")).version
    assert found.refused == Refusal(5, what, why)
    assert select([(5, value)]) == (None, Refusal(5, what, why))


@pytest.mark.parametrize("value", [b"", b"garbage", b"[]", b'{"version":"0123456789ab"}', b"\xff"])
def test_one_that_was_never_meant_as_a_rule_set_is_foreign(value: bytes) -> None:
    refused = Refusal(5, "the record at offset 5", "it is no rule set", is_foreign=True)
    assert select([(4, published("good")), (5, value)]).refused == refused


def test_a_fault_shows_no_card_number_and_no_control_character() -> None:
    text = '[[rule]]\n"4111111111111111\\u001b" = 1\n'
    found = select([(0, published("x", source=text))])
    assert found.refused is not None
    assert "4111111111111111" not in found.refused.why
    assert found.refused.why.isprintable()


def test_an_announcement_is_read_as_it_was_written() -> None:
    written = Announcement("here:6066", "0123456789ab", 5, 1_795_410_452_087, "rules x", "why")
    assert read_announcement(written.dumps()) == written
    first = Announcement("here:6066", "0123456789ab", None, 1)
    assert read_announcement(first.dumps()) == first


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"{}",
        b"[]",
        b"\xff",
        b" " * 10_001,
        Announcement("w", "v", -1, 1).dumps(),
        Announcement("w", "v", True, 1).dumps(),
        Announcement("w", "v", 1, -1).dumps(),
        Announcement("w", "v", 1, 1).dumps().replace(b'"v"', b"1"),
    ],
)
def test_anything_else_is_no_announcement(value: bytes | None) -> None:
    assert read_announcement(value) is None
