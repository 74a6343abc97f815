"""Why an account was judged so, as one document; in it no card number is ever whole."""

from __future__ import annotations

from typing import Any, Final

from lookup.account import Account, Found
from records import BankAccount, Undecodable
from records.card import mask, scrub_rule
from records.codec.account import account_of
from records.printable.text import shown
from records.printable.untrusted_names import printable_token
from records.recorded import RecordedVerdict
from rules.compiled import Decision
from rules.explain import FiredRule, explain
from rules.given import given
from rules.versions.active import RuleVersion

#: In place of names, which are personal data.
HIDDEN: Final = "(hidden)"
_NAMES: Final = ("first_name", "last_name")
_LONGEST: Final = 200

_STATUS: Final = {
    "pending": "the stream has not judged it yet",
    "deleted": "retention deleted its verdict, or the account itself",
    "absent": "the accounts topic has no account at this offset",
    "dead_letter": "it could not be judged, and is a dead letter",
}


def explanation(found: Found, version: RuleVersion | None, *, names: bool) -> dict[str, Any]:
    """The document. ``version`` is that of the verdict, None where it is not known.

    ``names``: show the first and the last name, if a rule that fired names them.
    """
    document: dict[str, Any] = {
        "id": found.id,
        "status": found.status,
        "remark": _STATUS.get(found.status),
        "verdict": None,
        "dead_letter": _letter(found),
        "rules": None,
        "fired": [],
        "again": None,
    }
    verdict = found.verdict
    if verdict is None:
        return document
    document |= {"verdict": _verdict(verdict), "rules": _version(verdict, version)}
    account = _account(found.account, verdict)
    if isinstance(account, str):
        return document | {"remark": account}
    if version is None:
        return document | {"remark": "its version of the rules is no longer known"}
    assert found.account is not None  # noqa: S101 - for the type checker
    # The token of the verdict: it holds whatever the key is by now.
    fields = given(account, verdict.account, found.account.timestamp)
    why = explain(version.compiled, fields, verdict.veritas)
    document["fired"] = [_fired(one, names=names) for one in why.rules]
    if why.again.decision is None:
        return document | {"remark": "Veritas was not asked, but would be by these rules"}
    return document | {"again": _again(verdict, why.again.decision)}


def _account(record: Account | None, verdict: RecordedVerdict) -> BankAccount | str:
    """The account that was judged, or why it cannot be judged again."""
    if record is None:
        return "the accounts topic no longer has the account"
    account = account_of(record.value)
    if isinstance(account, Undecodable):
        return "the record at this offset is no account"
    if account.amount != verdict.amount or mask(account.credit_card_number) != verdict.card:
        return "the record at this offset is another account: was the topic re-created?"
    return account


def _verdict(verdict: RecordedVerdict) -> dict[str, Any]:
    """What the verdict says; anybody may have written it."""
    return {
        "outcome": verdict.outcome,
        "reasons": [shown(reason, _LONGEST) for reason in verdict.reasons],
        "score": verdict.score,
        "allowed_by": shown(verdict.allowed_by, _LONGEST),
        "shadow": [shown(name, _LONGEST) for name in verdict.shadow],
        "veritas": verdict.veritas,
        "account": printable_token(verdict.account),
        "card": shown(verdict.card, _LONGEST),
        "amount": verdict.amount,
        "verified_at": verdict.verified_at,
    }


def _version(verdict: RecordedVerdict, version: RuleVersion | None) -> dict[str, Any]:
    known = version is not None
    return {
        # Version 0.1 did not write it: it had the built-in rules only.
        "version": version.version if version else shown(verdict.rules, _LONGEST),
        "known": known,
        "since": version.since if version else None,
        "author": shown(version.author, _LONGEST) if version else "",
        "note": shown(version.note, _LONGEST) if version else "",
    }


def _letter(found: Found) -> dict[str, Any] | None:
    letter = found.dead_letter
    if letter is None:
        return None
    return {
        "error": shown(letter.code, _LONGEST),
        "detail": shown(letter.detail, _LONGEST),
        "failed_at": letter.failed_at,
    }


def _fired(one: FiredRule, *, names: bool) -> dict[str, Any]:
    rule = one.rule
    return {
        "rule": rule.name,
        "when": scrub_rule(rule.when),
        "then": rule.then,
        "points": rule.points,
        "shadow": rule.shadow,
        "note": scrub_rule(rule.note),
        "failed": one.failed,
        "values": {name: _value(name, value, names=names) for name, value in one.values.items()},
    }


def _value(name: str, value: Any, *, names: bool) -> Any:
    if name in _NAMES and value and not names:
        return HIDDEN
    if name == "token":
        return printable_token(value)
    return shown(value, _LONGEST) if isinstance(value, str) else value


def _again(verdict: RecordedVerdict, decision: Decision) -> dict[str, Any]:
    """Judging it again, and whether that gives the same."""
    again = {
        "outcome": decision.outcome,
        "reasons": list(decision.reasons),
        "score": decision.score,
        "allowed_by": decision.allowed_by or "",
        "shadow": list(decision.shadow),
    }
    then = {
        "outcome": verdict.outcome,
        "reasons": list(verdict.reasons),
        "score": verdict.score,
        "allowed_by": verdict.allowed_by,
        "shadow": list(verdict.shadow),
    }
    return {"same": again == then, **again}
