"""A verdict as it is printed. Anybody may have written it, so no number or text is trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from cli.support.moment import moment
from records.card import SHORTEST, is_card_amount, is_card_number, is_mask
from records.codec.bounds import LONGEST_TOPIC
from records.printable.text import shown
from records.printable.untrusted_names import printable_id, printable_token
from records.recorded import RecordedVerdict

_LONGEST: Final = 200
_SHORT: Final = 100
_MOST_DIGITS: Final = 15
#: With fewer digits a number is no card's; thirteen that begin with 1 are a time until 2033.
_SMALLEST_CARD: Final = 10 ** (SHORTEST - 1)
_TIMES: Final = range(10**12, 2 * 10**12)
_VERSION: Final = re.compile(r"[0-9a-f]{12}")


def document(verdict: RecordedVerdict, accounts_topic: str) -> dict[str, Any]:
    """The fields of the verdict, as JSON; what could be a card number is masked or null."""
    topic = verdict.topic
    fields: dict[str, Any] = {
        "id": _id(verdict, accounts_topic),
        "topic": topic if topic == accounts_topic else shown(topic, LONGEST_TOPIC),
        "partition": verdict.partition,
        "offset": _whole(verdict.offset),
        "account": printable_token(verdict.account),
        "card": verdict.card if is_mask(verdict.card) else _text(verdict.card),
        "amount": _number(verdict.amount),
        "authorized": verdict.outcome == "authorized",
        "reasons": [_text(reason) for reason in verdict.reasons],
        "verified_at": _whole(verdict.verified_at),
        "key": _text(verdict.key),
        "outcome": verdict.outcome,
        "score": _number(verdict.score),
        "rules": _version(verdict.rules),
        "veritas": verdict.veritas,
    }
    if verdict.allowed_by:
        fields["allowed_by"] = _text(verdict.allowed_by)
    if verdict.shadow:
        fields["shadow"] = [_text(name) for name in verdict.shadow]
    return fields


HEADER: Final = "  ".join(
    (
        f"{'judged at (UTC)':<19}",
        f"{'outcome':<12}",
        f"{'card':<16}",
        f"{'amount':>14}",
        f"{'account':<32}",
        "id, reasons",
    )
)


def line(fields: Mapping[str, Any]) -> str:
    """A document as a line below HEADER."""
    at = fields["verified_at"]
    reasons = ", ".join(fields["reasons"])
    if "allowed_by" in fields:
        reasons = f"allowed by {fields['allowed_by']}"
    return "  ".join(
        (
            "-" * 19 if at is None else _moment(at // 1_000),
            f"{fields['outcome']:<12}",
            f"{fields['card']:<16}",
            f"{_amount(fields['amount']):>14}",
            f"{fields['account']:<32}",
            f"{fields['id']}  {reasons}".rstrip(),
        )
    )


@lru_cache(maxsize=4_096)
def _moment(seconds: int) -> str:
    """A stream gives many verdicts in a second, and this is a third of the time for a line."""
    return moment(seconds * 1_000)


def _id(verdict: RecordedVerdict, accounts_topic: str) -> str:
    if verdict.topic == accounts_topic and verdict.partition < 10**4 and verdict.offset < 10**7:
        return verdict.id  # too few digits for a card's
    return printable_id(verdict.id, accounts_topic)


def _text(text: str) -> str:
    return _short_text(text) if len(text) <= _SHORT else shown(text, _LONGEST)


@lru_cache(maxsize=4_096)
def _short_text(text: str) -> str:
    """Of masks, reasons, keys and versions there are few among many verdicts."""
    return shown(text, _LONGEST)


def _amount(amount: float | None) -> str:
    if amount is None:
        return "-"
    return f"{amount:,.2f}" if abs(amount) < 10**_MOST_DIGITS else f"{amount:.3g}"


def _number(number: float) -> float | None:
    return None if is_card_amount(number) else number


def _whole(number: int) -> int | None:
    """None where its digits are a card's; a time in ms, until 2033, cannot be one."""
    if number < _SMALLEST_CARD or number in _TIMES:
        return number
    return None if is_card_number(str(number)) else number


@lru_cache(maxsize=4_096)
def _version(text: str) -> str:
    """As it is, unless it is a card number: twelve digits are chance in it."""
    is_version = _VERSION.fullmatch(text) and not is_card_number(text)
    return text if is_version else _text(text)
