"""What `explain` says about what was found: as a document, and on a terminal."""

import io
import json
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from rich.console import Console

from cli.explain.command import exit_code
from cli.explain.show import show
from lookup.account import Account, Found, Status
from lookup.explain.document import HIDDEN, explanation
from lookup.explain.versions import Versions
from records import DeadLetter
from records.recorded import RecordedVerdict
from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import RuleVersion, builtin
from rules.versions.publication import Publication

CARD = "4111111111111111"
NOW = 1_795_410_452_087
RULES = """
[thresholds]
review = 50

[[rule]]
name = "big"
when = "amount > 100 and network == \\"visa\\""
then = "unauthorized"

[[rule]]
name = "named"
when = "lower(first_name) == \\"ann\\" and last_name != \\"\\""
points = 20

[[rule]]
name = "tested"
when = "last4 == \\"1111\\""
then = "review"
shadow = true
note = "test cards"
"""


@dataclass
class Sent:
    """A record of the accounts topic, as far as an explanation needs it."""

    content: bytes | None
    at: int = NOW - 1_000

    def value(self) -> bytes | None:
        return self.content

    def timestamp(self) -> tuple[int, int]:
        return 1, self.at


def account(amount: float = 644.78, **changes: Any) -> Account:
    fields = {"FirstName": "Ann", "LastName": "Doe", "CreditCardNumber": CARD, "Amount": amount}
    sent: Any = Sent(orjson.dumps(fields | changes))
    return Account(sent)


def version() -> RuleVersion:
    compiled = CompiledRules(load(RULES))
    return RuleVersion(compiled, compiled.rule_set.version, NOW - 9_000, "ann", "more")


def verdict(**changes: Any) -> RecordedVerdict:
    fields: dict[str, Any] = {
        "topic": "accounts",
        "partition": 3,
        "offset": 42,
        "account": "0123456789" * 3 + "ff",
        "card": "************1111",
        "amount": 644.78,
        "outcome": "unauthorized",
        "reasons": ("big", "named"),
        "verified_at": NOW,
        "key": "",
        "score": 20,
        "rules": version().version,
        "veritas": None,
        "allowed_by": "",
        "shadow": ("tested",),
    }
    return RecordedVerdict(**{**fields, **changes})


def found(status: Status = "judged", **parts: Any) -> Found:
    given: dict[str, Any] = {"account": account(), "verdict": verdict()}
    return Found("accounts-3-42", status, **{**given, **parts})


def printed(document: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(document, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_rule_that_fired_is_there_with_what_it_saw() -> None:
    document = explanation(found(), version(), names=False)
    assert document["again"]["same"]
    assert [(one["rule"], one["then"], one["points"]) for one in document["fired"]] == [
        ("big", "unauthorized", 0),
        ("named", None, 20),
        ("tested", "review", 0),
    ]
    big, named, tested = document["fired"]
    assert big["when"] == 'amount > 100 and network == "visa"'
    assert big["values"] == {"amount": 644.78, "network": "visa"}
    assert named["values"] == {"first_name": HIDDEN, "last_name": HIDDEN}
    assert (tested["shadow"], tested["note"]) == (True, "test cards")
    assert document["rules"]["author"] == "ann"
    assert exit_code(document) == 0


def test_names_are_shown_where_asked_for_and_without_card_numbers() -> None:
    odd = found(account=account(FirstName="Ann", LastName=f"Doe {CARD} \x1b"))
    _, named, _ = explanation(odd, version(), names=True)["fired"]
    assert named["values"] == {"first_name": "Ann", "last_name": "Doe ************1111 ?"}


def test_an_explanation_holds_no_card_number_and_no_name() -> None:
    odd = found(account=account(LastName=CARD), verdict=verdict(reasons=(CARD,)))
    text = json.dumps(explanation(odd, version(), names=False))
    assert CARD not in text
    assert '"Ann"' not in text


def test_a_token_is_shown_whole() -> None:
    shown = explanation(found(), version(), names=False)["verdict"]["account"]
    assert shown == verdict().account


@pytest.mark.parametrize(
    "change",
    [{"outcome": "review"}, {"reasons": ("big",)}, {"score": 0}, {"shadow": ()}],
)
def test_a_verdict_that_the_rules_do_not_give_is_reported(change: dict[str, Any]) -> None:
    document = explanation(found(verdict=verdict(**change)), version(), names=False)
    assert not document["again"]["same"]
    assert exit_code(document) == 1
    assert "gives another result: unauthorized (big, named)." in printed(document)


@pytest.mark.parametrize(
    ("parts", "known", "remark"),
    [
        ({"account": None}, True, "the accounts topic no longer has the account"),
        ({}, False, "its version of the rules is no longer known"),
        ({"account": account(1.0)}, True, "the record at this offset is another account"),
        (
            {"account": account(CreditCardNumber="4000000000000002")},
            True,
            "the record at this offset is another account",
        ),
        ({"account": account(FirstName=None)}, True, "the record at this offset is no account"),
    ],
)
def test_what_cannot_be_judged_again_is_explained_as_far_as_it_goes(
    parts: dict[str, Any], known: bool, remark: str
) -> None:
    document = explanation(found(**parts), version() if known else None, names=False)
    assert document["again"] is None
    assert document["remark"].startswith(remark)
    assert document["verdict"]["outcome"] == "unauthorized"
    assert document["rules"]["known"] is known
    assert f"Not judged again: {remark}" in printed(document)
    assert exit_code(document) == 0


def test_an_answer_that_is_missing_is_not_guessed() -> None:
    lost = found(account=account(5.0), verdict=verdict(amount=5.0, rules="x", reasons=("old",)))
    document = explanation(lost, version(), names=False)
    assert document["again"] is None
    assert "Veritas was not asked" in document["remark"]


@pytest.mark.parametrize("status", ["pending", "deleted", "absent"])
def test_without_a_verdict_the_status_says_why(status: Status) -> None:
    document = explanation(found(status, verdict=None), None, names=False)
    assert (document["status"], document["verdict"], document["fired"]) == (status, None, [])
    assert exit_code(document) == 1
    assert f"accounts-3-42: {status}" in printed(document)


def test_a_dead_letter_says_why_it_is_one() -> None:
    letter = DeadLetter(
        key=None,
        value=None,
        code="field_type",
        detail=f"Amount is {CARD}",
        topic="accounts",
        partition=3,
        offset=42,
        failed_at=NOW,
    )
    document = explanation(
        found("dead_letter", verdict=None, dead_letter=letter), None, names=False
    )
    assert document["dead_letter"] == {
        "error": "field_type",
        "detail": "Amount is ************1111",
        "failed_at": NOW,
    }
    assert "accounts-3-42: dead letter field_type: Amount is" in printed(document)
    assert exit_code(document) == 1


def test_a_verdict_of_version_0_1_is_of_the_built_in_rules() -> None:
    versions = Versions(lambda: pytest.fail("nothing was published then"))
    known = versions.find("")
    assert known is not None
    old = verdict(rules="", outcome="authorized", reasons=(), score=0, veritas=True, shadow=())
    document = explanation(found(verdict=old), known, names=False)
    assert document["again"]["same"]
    assert document["rules"]["version"] == builtin().version
    text = printed(document)
    assert "by the built-in rules" in text
    assert "No rule fired." in text


def publication(source: str = RULES, **changes: Any) -> Publication:
    fields: dict[str, Any] = {"version": load(source).version, "source": source}
    return Publication(**{**fields, "published_at": NOW, "author": "ann", **changes})


def test_a_published_version_is_found_and_kept() -> None:
    published = [publication(author="first"), publication(author="second")]
    versions = Versions(lambda: published)
    known = versions.find(version().version)
    assert known is not None
    assert (known.author, known.since) == ("first", NOW)
    published.clear()
    assert versions.find(version().version) is known


def test_a_version_that_is_not_known_is_looked_for_again() -> None:
    published: list[Publication] = []
    versions = Versions(lambda: published)
    assert versions.find("0" * 12) is None
    published.append(publication())
    assert versions.find(published[0].version) is not None


def test_a_version_that_cannot_be_compiled_here_is_not_known() -> None:
    broken = publication(version="0" * 12)
    assert Versions(lambda: [broken]).find("0" * 12) is None


def test_versions_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookup.explain.versions._KEPT", 2)
    sources = [RULES.replace("100", str(n)) for n in range(5)]
    published = [publication(source) for source in sources]
    versions = Versions(lambda: published)
    for each in published:
        assert versions.find(each.version) is not None
    published.clear()
    assert versions.find(load(sources[0]).version) is None
    assert versions.find(load(sources[4]).version) is not None
