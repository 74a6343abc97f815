"""Patterns of `matches`: compiled by RE2, whose time is linear in the text, whatever the pattern.

Compiling one holds the interpreter's lock, and so a worker's event loop. So one takes some
milliseconds at most, and the patterns of a set some tens of them.
"""

from __future__ import annotations

import re
from typing import Final

import re2

__all__ = [
    "LONGEST_MATCHED",
    "MOST_CLASSES",
    "MOST_WEIGHT",
    "Pattern",
    "PatternError",
    "weight_of_refused",
]

#: Bytes that a compiled pattern may take; RE2 refuses larger ones. A quarter of a megabyte is room
#: for some 16,000 instructions: `\pL` takes about 1,200.
_MEMORY: Final = 1 << 18
_LARGEST: Final = 16_000
#: RE2 reads a class of Unicode in a fraction of a millisecond, even if it compiles to little.
MOST_CLASSES: Final = 20
_CLASS: Final = re.compile(r"\\p", re.IGNORECASE)
_CLASS_WEIGHT: Final = 500
#: Instructions of all patterns of a set, classes included.
MOST_WEIGHT: Final = 100_000
#: Characters of a text that is looked through. Nobody's name is longer, and RE2 may take
#: 20 ns for each instruction and character.
LONGEST_MATCHED: Final = 256


class PatternError(ValueError):
    """RE2 does not take the pattern; the text says why, in one line."""


class Pattern:
    """A compiled pattern. Raises PatternError, and UnicodeEncodeError for a lone surrogate."""

    def __init__(self, text: str) -> None:
        if (classes := len(_CLASS.findall(text))) > MOST_CLASSES:
            raise PatternError(rf"{classes} classes of Unicode, \p; at most {MOST_CLASSES}")
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        try:
            compiled = re2.compile(text, options)
        except re2.error as exc:
            raise PatternError(_first_line(exc)) from None
        self.text = text
        self._search = compiled.search
        #: What compiling it costs, in instructions.
        self.weight = compiled.programsize + _CLASS_WEIGHT * classes

    def is_in(self, text: str) -> bool:
        """Whether the pattern is found anywhere in the text.

        Raises ValueError for a text that is too long, or has a lone surrogate.
        """
        if len(text) > LONGEST_MATCHED:
            raise ValueError("the text is too long")
        # As bytes: a match in a string costs three times as much, as RE2's wrapper then counts
        # characters up to it.
        return self._search(text.encode()) is not None


def weight_of_refused(text: str) -> int:
    """What it may have cost to find out that RE2 does not take a pattern."""
    return _LARGEST + _CLASS_WEIGHT * min(len(_CLASS.findall(text)), MOST_CLASSES)


def _first_line(exc: Exception) -> str:
    said = exc.args[0] if exc.args else exc
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return text.splitlines()[0][:200] if text else "unknown error"
