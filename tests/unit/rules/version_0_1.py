"""The rules of version 0.1, as code: what the built-in rule set has to decide like."""

import sys
import unicodedata
from typing import Final

from stdnum import luhn

from records import BankAccount

_LARGEST_AMOUNT: Final = sys.float_info.max

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


def screen(account: BankAccount) -> tuple[str, ...]:
    """Every reason against the account that is known without asking Veritas."""
    named = not (is_blank(account.first_name) or is_blank(account.last_name))
    # One comparison for all: false for NaN, infinity and integers too large for a float.
    positive = 0 < account.amount <= _LARGEST_AMOUNT
    number = "".join(each for each in account.credit_card_number if not _is_separator(each))
    well_formed = (
        12 <= len(number) <= 19
        and number.isascii()
        and number.isdigit()
        and number != number[0] * len(number)
    )
    checksum_ok = well_formed and luhn.is_valid(number)
    failed = (
        ("name_blank", not named),
        ("amount_not_positive", not positive),
        ("card_malformed", not well_formed),
        ("card_checksum", well_formed and not checksum_ok),
    )
    return tuple(reason for reason, against in failed if against)


def _is_separator(character: str) -> bool:
    return character in "\t\u2212" or unicodedata.category(character) in ("Zs", "Pd")


def is_blank(name: str) -> bool:
    """Whether a name has no character with a visible glyph."""
    if name.isascii() and name.isprintable():
        return not name.strip(" ")
    return not any(_is_visible(each) for each in name)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in _GLYPHLESS and character not in _BLANK_GLYPHS
