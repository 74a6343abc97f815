"""The built-in rules: an account and Veritas' answer in, the reasons against the account out.

No clock, no network, no Faust. Reasons come in the order of `REASONS`; none means authorized.
"""

import sys
import unicodedata
from typing import Final, Literal, Protocol, get_args

from records import BankAccount
from records.card import digits, is_well_formed, luhn_ok

Reason = Literal[
    "name_blank", "amount_not_positive", "card_malformed", "card_checksum", "veritas_declined"
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_LARGEST_AMOUNT: Final = sys.float_info.max
_NO_REASONS: Final[tuple[Reason, ...]] = ()
_DECLINED: Final[tuple[Reason, ...]] = ("veritas_declined",)

# Categories of characters without a glyph: other (control, format, surrogate, private, unassigned)
# and separators.
_GLYPHLESS: Final = "CZ"
# Characters of other categories that show nothing.
_BLANK_GLYPHS: Final = frozenset(
    chr(code)
    for block in (
        # Default_Ignorable_Code_Point of DerivedCoreProperties.txt, Unicode 16.0, where the
        # category is not C: https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt
        range(0x034F, 0x0350),  # COMBINING GRAPHEME JOINER
        range(0x115F, 0x1161),  # HANGUL CHOSEONG FILLER, HANGUL JUNGSEONG FILLER
        range(0x17B4, 0x17B6),  # KHMER VOWEL INHERENT AQ, AA
        range(0x180B, 0x1810),  # MONGOLIAN FREE VARIATION SELECTORS, VOWEL SEPARATOR
        range(0x3164, 0x3165),  # HANGUL FILLER
        range(0xFE00, 0xFE10),  # VARIATION SELECTOR-1 to -16
        range(0xFFA0, 0xFFA1),  # HALFWIDTH HANGUL FILLER
        range(0xE0100, 0xE01F0),  # VARIATION SELECTOR-17 to -256
        # Letters and symbols whose glyph is blank by their definition in the code charts.
        range(0x2800, 0x2801),  # BRAILLE PATTERN BLANK
        range(0x13441, 0x13443),  # EGYPTIAN HIEROGLYPH FULL BLANK, HALF BLANK
        range(0x16FE4, 0x16FE5),  # KHITAN SMALL SCRIPT FILLER
        range(0x1D159, 0x1D15A),  # MUSICAL SYMBOL NULL NOTEHEAD
    )
    for code in block
)


class Answer(Protocol):
    """What the rules need of Veritas' answer."""

    @property
    def authorized(self) -> bool:
        """Whether Veritas authorizes the account."""
        ...


def screen(account: BankAccount) -> tuple[Reason, ...]:
    """Every reason against the account that is known without asking Veritas.

    - `name_blank`: the first or the last name has no character with a visible glyph.
    - `amount_not_positive`: zero, below zero, or no finite number.
    - `card_malformed`: without blanks and dashes the card is not 12 to 19 ASCII digits, or all of
      them are the same.
    - `card_checksum`: the card is well-formed, but its check digit (Luhn) is wrong.
    """
    named = not (is_blank(account.first_name) or is_blank(account.last_name))
    # One comparison for all: false for NaN, infinity and integers too large for a float.
    positive = 0 < account.amount <= _LARGEST_AMOUNT
    number = digits(account.credit_card_number)
    well_formed = is_well_formed(number)
    checksum_ok = well_formed and luhn_ok(number)
    if named and positive and checksum_ok:
        return _NO_REASONS
    failed: tuple[tuple[Reason, bool], ...] = (
        ("name_blank", not named),
        ("amount_not_positive", not positive),
        ("card_malformed", not well_formed),
        ("card_checksum", well_formed and not checksum_ok),
    )
    return tuple(reason for reason, against in failed if against)


def answered(answer: Answer) -> tuple[Reason, ...]:
    """The reasons that Veritas' answer gives; for accounts that `screen` lets pass.

    `screen(account) or answered(await veritas.verify(account))` asks only when need be.
    """
    return _NO_REASONS if answer.authorized else _DECLINED


def is_blank(name: str) -> bool:
    """Whether a name has no character with a visible glyph.

    Invisible are Unicode's general categories C (other) and Z (separators), its
    Default_Ignorable_Code_Point (the Hangul fillers, variation selectors) and the letters and
    symbols with a blank glyph, such as U+2800 BRAILLE PATTERN BLANK.
    """
    if name.isascii() and name.isprintable():
        return not name.strip(" ")
    return not any(_is_visible(each) for each in name)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in _GLYPHLESS and character not in _BLANK_GLYPHS
