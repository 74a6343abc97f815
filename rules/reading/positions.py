"""Where the keys of a TOML document stand, which `tomllib` does not say.

For documents that `tomllib` has read: nothing is checked here. Offsets count characters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["STRING", "Key", "Lines", "keys", "string_offsets"]

# Possessive, so that a document of the largest size takes linear time and little memory.
_BLANK: Final = re.compile(r"(?:[ \t\n\r]++|#[^\n]*+)*+")
_SPACES: Final = re.compile(r"[ \t]*+")
#: A string of TOML, of any of the four kinds. One without an end goes as far as `tomllib` looks for
#: the end: if it did not match, whoever searches would begin again at each quotation mark in it.
STRING: Final = re.compile(
    r"""
    \"{3} (?: [^"\\]++ | \\. | "(?!"") )*+ \"{0,5}
    | '{3} (?: [^']++ | '(?!'') )*+ '{0,5}
    | " (?: [^"\\\n]++ | \\. )*+ "?
    | ' [^'\n]*+ '?
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_EQUALS: Final = re.compile(r"[^\"'=]++")
_BEFORE_STRUCTURE: Final = re.compile(r"[^\"'\[\]{}\n#]++")
_ESCAPE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n\s*|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """A key or, with ``name`` empty, the header of a table."""

    #: The table's name, and which one of an array of tables it is (0 where it is none).
    table: str
    index: int
    name: str
    offset: int
    #: Where its value begins.
    value: int


def keys(text: str) -> Iterator[Key]:
    """The headers and the keys directly below them, in the order of the document."""
    table, index, counts = "", 0, dict[str, int]()
    at = _BLANK.match(text).end()  # type: ignore[union-attr] # matches the empty string, too
    while at < len(text):
        if text[at] == "[":
            end = _end_of_line(text, at)
            many = text.startswith("[[", at)
            table = text[at:end].partition("#")[0].strip().strip("[]").strip().strip("\"'")
            index = counts.get(table, -1) + 1 if many else 0
            counts[table] = index
            yield Key(table, index, "", at, at)
        else:
            equals = _skip(text, at, _BEFORE_EQUALS)
            value = _SPACES.match(text, equals + 1).end()  # type: ignore[union-attr] # likewise
            name = text[at:equals].strip().strip("\"'")
            yield Key(table, index, name, at, value)
            end = _end_of_value(text, value)
        at = _BLANK.match(text, end).end()  # type: ignore[union-attr] # likewise


def string_offsets(text: str, start: int) -> list[int]:
    """For each character of the string that begins at ``start``, where it stands in the text."""
    found = STRING.match(text, start)
    if found is None:
        return []
    raw = found.group()
    quote = raw[:3] if raw[:3] in ('"""', "'''") else raw[0]
    at, end = start + len(quote), found.end() - len(quote)
    if len(quote) == 3 and text[at] == "\n":
        at += 1
    offsets = []
    while at < end:
        escape = _ESCAPE.match(text, at) if quote[0] == '"' and text[at] == "\\" else None
        if escape is None:
            offsets.append(at)
            at += 1
            continue
        if "\n" not in escape.group():  # a backslash at the end of a line joins the lines
            offsets.append(at)
        at = escape.end()
    return offsets


class Lines:
    """Lines and columns of a text, both from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Where this character stands."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _skip(text: str, at: int, passed: re.Pattern[str]) -> int:
    """The first character after strings and what the pattern passes over."""
    while at < len(text):
        found = passed.match(text, at) or STRING.match(text, at)
        if found is None:
            break
        at = found.end()
    return at


def _end_of_value(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        at = _skip(text, at, _BEFORE_STRUCTURE)
        if at == len(text):
            break
        if text[at] == "#":
            at = _end_of_line(text, at)
            continue
        if text[at] == "\n":
            if depth == 0:
                break
        else:
            depth += 1 if text[at] in "[{" else -1
        at += 1
    return at
