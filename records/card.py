"""Card numbers: the only place that knows how one is written, checked, recognized and masked.

A *number* here is ASCII digits without separators; a *card* is the number as somebody wrote it.
"""

import re
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 19
"""ISO/IEC 7812 allows up to 19 digits; the shortest cards in use have 12."""

_STARS: Final = "*" * 12
_ALL_MASKED: Final = "*" * 16

# Unicode 16: the blanks are general category Zs and the tab, the dashes category Pd and U+2212
# MINUS SIGN. A test holds both against `unicodedata`.
_BLANKS: Final = "\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DASHES: Final = (
    "\\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead"
)
_SEPARATORS: Final = re.compile(f"[{_BLANKS}{_DASHES}]")

# Any text: twelve digits or more, whatever stands between them that is no letter (blanks, dashes,
# dots, line ends, underscores), and however much of it.
_SUSPICIOUS: Final = re.compile(rf"\d(?:[\W_]*+\d){{{SHORTEST - 1},}}")
_NOT_A_LETTER: Final = re.compile(r"[\W_]")

# Log lines: 12 to 19 digits, at a stretch or in the groups that cards have; not inside a token, and
# not behind a decimal point.
_LINE: Final = (
    r"(?<![0-9a-fA-F])(?<!\d\.)"
    rf"(?:\d{{{SHORTEST},{LONGEST}}}|\d{{4}}(?:[%s]\d{{2,7}}){{2,4}})"
    r"(?![0-9a-fA-F])"
)
_LAID_OUT: Final = re.compile(_LINE % f"{_BLANKS}{_DASHES}")

# Rule sets: people write more between the groups, and whole numbers nowhere else than in a fault.
_IN_RULES: Final = f"{_BLANKS}{_DASHES}._/"
_LAID_OUT_IN_RULES: Final = re.compile(_LINE % _IN_RULES)
_LONG_NUMBER: Final = re.compile(rf"\d(?:[{_IN_RULES}]?\d){{{SHORTEST},}}")

# What a digit adds to Luhn's sum, by its ASCII code; a doubled one adds the digits of its double.
_PLAIN: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))

_SAME_DIGITS: Final = frozenset(
    digit * length for digit in "0123456789" for length in range(SHORTEST, LONGEST + 1)
)

_SMALLEST_AS_AMOUNT: Final = 10 ** (SHORTEST - 1)
_ABOVE_AS_AMOUNT: Final = 10**LONGEST


def digits(card: str) -> str:
    """The number without blanks and dashes (Unicode's Zs and Pd, the tab, the minus sign).

    Anything else stays, so the result of an ill-formed number need not be digits.
    """
    if card.isascii() and card.isdigit():
        return card
    return _SEPARATORS.sub("", card)


def is_well_formed(number: str) -> bool:
    """Whether this is 12 to 19 ASCII digits, not all of them the same.

    Luhn's sum lets 0000000000000000 and 8888888888888888 pass; no card has such a number.
    """
    return (
        SHORTEST <= len(number) <= LONGEST
        and number.isascii()
        and number.isdigit()
        and number not in _SAME_DIGITS
    )


def luhn_ok(number: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, Luhn). Takes ASCII digits."""
    return _luhn_sum(number) % 10 == 0


def check_digit(head: int) -> int:
    """The digit that makes a number with right check digit of these up to 19 digits."""
    return -_luhn_sum(f"{head}0") % 10


def mask(card: str) -> str:
    """Twelve stars and the last four digits, whatever the length of the number.

    All sixteen characters are stars when the number has fewer than four digits or anything in it
    that is no ASCII digit, blank or dash: what it is, is then not known.
    """
    return mask_number(digits(card))


def mask_number(number: str) -> str:
    """`mask` of a card that has been through `digits`."""
    if len(number) < 4 or not (number.isascii() and number.isdigit()):
        return _ALL_MASKED
    return _STARS + number[-4:]


def is_mask(text: str) -> bool:
    """Whether this is what `mask` makes of a card: twelve stars and four digits, or stars alone."""
    return (
        len(text) == len(_ALL_MASKED)
        and text.startswith(_STARS)
        and ((text[-4:].isascii() and text[-4:].isdigit()) or text == _ALL_MASKED)
    )


def scrub(text: str) -> str:
    """Mask everything in a text that could be a card number, for text from outside.

    That is any twelve digits or more without a letter between them, whatever their check digit.
    """
    return _SUSPICIOUS.sub(lambda found: mask(_NOT_A_LETTER.sub("", found.group())), text)


def scrub_line(text: str) -> str:
    """Mask the card numbers in a line of ours, in which offsets, dates and tokens must survive.

    A card number is what is written like one and has the right check digit. Thirteen digits that
    begin with 1 are a time in milliseconds (until 2033), and no issued card.
    """
    return _LAID_OUT.sub(_masked_if_card, text)


def scrub_rule(text: str) -> str:
    """As `scrub_line`, for text of a rule set: dots, underscores and slashes separate, too."""
    return _LAID_OUT_IN_RULES.sub(_masked_if_card, text)


def scrub_fault(text: str) -> str:
    """Mask every number of thirteen digits or more that a fault of a rule set quotes.

    Twelve digits may be a version of the rules; a card with so few is masked by `scrub_rule`.
    """
    return _LONG_NUMBER.sub(lambda found: mask(_NOT_A_LETTER.sub("", found.group())), text)


def is_card_number(number: str) -> bool:
    """Whether a number from anywhere is a card's: 12 to 19 ASCII digits with right check digit."""
    return (
        SHORTEST <= len(number) <= LONGEST
        and number.isascii()
        and number.isdigit()
        and luhn_ok(number)
    )


def is_card_amount(amount: float) -> bool:
    """Whether an amount is a card number that came in the wrong field, by its integer part.

    An amount goes where card numbers must not: into the verdict, to Veritas, onto the page.
    """
    if -_SMALLEST_AS_AMOUNT < amount < _SMALLEST_AS_AMOUNT:
        return False
    return abs(amount) < _ABOVE_AS_AMOUNT and luhn_ok(str(int(abs(amount))))


def holds_card_number(number: str) -> bool:
    """Whether any 12 to 19 digits in a row of this number are a card's."""
    return any(
        is_card_number(number[begin:end])
        for begin in range(len(number) - SHORTEST + 1)
        for end in range(begin + SHORTEST, min(begin + LONGEST, len(number)) + 1)
    )


def _masked_if_card(found: re.Match[str]) -> str:
    number = _NOT_A_LETTER.sub("", found.group())
    is_time = len(number) == 13 and number.startswith("1")
    return mask(number) if not is_time and is_card_number(number) else found.group()


def _luhn_sum(number: str) -> int:
    """Luhn's sum: from the right, the digits as they are and every second one doubled."""
    from_left = number.encode("ascii")
    plain = from_left[::-2].translate(_PLAIN)
    doubled = from_left[-2::-2].translate(_DOUBLED)
    return sum(plain) + sum(doubled)
