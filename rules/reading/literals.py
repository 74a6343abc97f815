"""What is wrong with a value that is written in a rule file, whatever it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from records.card import scrub_rule

__all__ = ["CARD", "LARGEST_NUMBER", "card_in", "wrong_literal"]

#: Bounds of a string in an expression, and of a number.
LONGEST_TEXT: Final = 1_000
LARGEST_NUMBER: Final = 10**15

#: The fault of what looks like a card number.
CARD: Final = "this looks like a card number: write the account's token"


def card_in(text: str) -> int | None:
    """Where something is written like a card number with a right check digit.

    In values, as the text of the file may have it in escapes.
    """
    scrubbed = scrub_rule(text)
    if scrubbed == text:
        return None
    pairs = enumerate(zip(text, scrubbed, strict=False))
    return next((at for at, (one, other) in pairs if one != other), 0)


def wrong_literal(value: str | float, written: str) -> Iterator[str]:
    """The faults of a string or number; ``written`` is how the expression has it."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            yield f"a string is longer than {LONGEST_TEXT:,} characters"
        if any("\ud800" <= each <= "\udfff" for each in value):
            yield "never true: no record holds a lone surrogate"
        text = value
    elif not abs(value) <= LARGEST_NUMBER:
        yield f"a number is too large: at most {LARGEST_NUMBER:,}"
        return
    else:
        if written.startswith(("00", "0_")):
            yield "a number does not begin with 0: write 1000 for 1,000"
        text = str(int(value))
    if card_in(text) is not None:
        yield CARD
