"""What may be shown of a record of the verdicts topic, where anybody may write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from records.card import is_card_amount
from records.printable.text import shown
from records.verdict import Verdict, read_verdict, record_id

__all__ = ["shown_verdict"]

_MASKED_CARD: Final = re.compile(r"\*+\d{0,4}")
_LONGEST_ID: Final = 300
_LONGEST_REASON: Final = 60
#: A verdict can name hundreds of rules; nobody reads them in a line.
_MOST_REASONS: Final = 20
_PARTITIONS: Final = 10**5
#: From twelve digits on a number could be a card's; no topic is that long.
_OFFSETS: Final = 10**11


def shown_verdict(value: bytes) -> dict[str, Any] | None:
    """What the page shows of a record of the verdicts topic; None when it is not a verdict.

    Anybody may write to the topic: card numbers in its texts are masked.
    """
    verdict = read_verdict(value)
    if verdict is None or is_card_amount(verdict.amount):
        return None
    if verdict.partition >= _PARTITIONS or verdict.offset >= _OFFSETS:
        return None
    return {
        "id": _id(verdict),
        "at": verdict.verified_at,
        "card": verdict.card if _MASKED_CARD.fullmatch(verdict.card) else "****",
        "amount": float(verdict.amount),
        "authorized": verdict.authorized,
        "outcome": verdict.outcome,
        "reasons": _names(verdict.reasons),
        "allowed_by": shown(verdict.allowed_by, _LONGEST_REASON),
        "shadow": _names(verdict.shadow),
    }


def _names(rules: Sequence[str]) -> list[str]:
    return [shown(name, _LONGEST_REASON) for name in rules[:_MOST_REASONS]]


def _id(verdict: Verdict) -> str:
    """The verdict's id, made anew: its digits as a whole would pass for a card number's."""
    return record_id(shown(verdict.topic, _LONGEST_ID), verdict.partition, verdict.offset)
