"""Verdicts read back, of every version, and whatever else somebody wrote to the topic."""

from typing import Any

import orjson
import pytest

from records.recorded import read_recorded
from tests.verdicts import written

OF_RULES = {"outcome", "score", "rules", "veritas"}


def old(*reasons: str) -> bytes:
    """A verdict as version 0.1 wrote it, but for the key's id."""
    fields = orjson.loads(written("accounts", 3, 42, authorized=not reasons, reasons=reasons))
    return orjson.dumps({name: fields[name] for name in fields if name not in OF_RULES})


def changed(**fields: Any) -> bytes:
    return orjson.dumps(orjson.loads(old()) | fields)


@pytest.mark.parametrize(
    ("reasons", "outcome", "veritas"),
    [
        ((), "authorized", True),
        (("veritas_declined",), "unauthorized", False),
        (("card_checksum",), "unauthorized", None),
    ],
)
def test_what_version_0_1_did_not_write_is_derived(
    reasons: tuple[str, ...], outcome: str, veritas: bool | None
) -> None:
    verdict = read_recorded(old(*reasons))
    assert verdict is not None
    assert verdict.id == "accounts-3-42"
    assert (verdict.outcome, verdict.veritas, verdict.reasons) == (outcome, veritas, reasons)
    assert (verdict.rules, verdict.score, verdict.allowed_by, verdict.shadow) == ("", 0, "", ())


def test_what_is_written_is_read() -> None:
    fields = {"outcome": "review", "score": 60, "rules": "abc", "veritas": None}
    verdict = read_recorded(
        changed(**fields, authorized=False, reasons=["big"], shadow=["odd"], allowed_by="")
    )
    assert verdict is not None
    assert (verdict.outcome, verdict.score, verdict.rules) == ("review", 60, "abc")
    assert verdict.veritas is None
    assert (verdict.reasons, verdict.shadow) == (("big",), ("odd",))


def test_an_account_that_was_asked_about_and_sent_to_review_has_its_answer() -> None:
    verdict = read_recorded(changed(outcome="review", authorized=False, veritas=True))
    assert verdict is not None
    assert verdict.veritas is True


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{" + b" " * 70_000 + b"}",
        changed(id="accounts-3-43"),
        changed(topic=7, id="7-3-42"),
        changed(topic="t" * 250, id="t" * 250 + "-3-42"),
        changed(partition=True, id="accounts-True-42"),
        changed(offset=-1, id="accounts-3--1"),
        changed(verified_at=10**15),
        changed(amount="1"),
        changed(score="much"),
        changed(outcome="perhaps"),
        changed(veritas="yes"),
        changed(reasons=[1]),
        changed(reasons=None),
        changed(shadow=[None]),
        changed(rules=None),
        changed(account=5),
    ],
)
def test_what_is_no_verdict_is_none(value: bytes | None) -> None:
    assert read_recorded(value) is None
