"""Names of people: whether anything in one can be seen."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["visible"]

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


def visible(name: str) -> str:
    """The name as rules see it: "" where nothing in it can be seen.

    Invisible are Unicode's general categories C (other) and Z (separators), its
    Default_Ignorable_Code_Point (the Hangul fillers, variation selectors) and the letters and
    symbols with a blank glyph, such as U+2800 BRAILLE PATTERN BLANK.
    """
    if name.isascii() and name.isprintable():
        return name if name.strip(" ") else ""
    return name if any(_is_visible(each) for each in name) else ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in _GLYPHLESS and character not in _BLANK_GLYPHS
