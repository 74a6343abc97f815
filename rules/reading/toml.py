"""The text of a rule file as TOML, with what `tomllib` alone would not tell or not survive."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from records.card import scrub_line
from rules.faults import Fault, RuleSetError
from rules.reading.positions import STRING, Lines
from rules.rule import MOST_BYTES

__all__ = ["hides_a_card", "parsed", "size_of"]

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# What `tomllib` takes longest for, by the character: signs outside of strings and comments. It
# reads this many in half a second; a set of the largest size has some 4,000, and no dots.
# Each match ends with the next sign or, without one, with the text, so no character is read twice.
_SIGN: Final = re.compile(
    rf"(?: [^.,=\[{{\"'\#]++ | \#[^\n]*+ | {STRING.pattern} )*+ (?P<sign>[.,=\[{{]?)", STRING.flags
)
# The time that `tomllib` takes grows with the square of a dotted key's parts.
_PART: Final = re.compile(rf"[ \t]*+ (?: [\w-]++ | {STRING.pattern} ) [ \t]*+", STRING.flags)
_MOST_PARTS: Final = 64
_MOST_SIGNS: Final = 30_000
_MOST_DOTS: Final = 10_000
_MOST_COMMAS: Final = 100_000
_MOST_LINES: Final = 200_000
# Python converts longer numbers in quadratic time, so it refuses them.
_LONG_NUMBER: Final = re.compile(r"(?<![\d_])\d[\d_]{4299}")
# Who reviews a file would read it otherwise than the program does: https://trojansource.codes
_BIDIRECTIONAL: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def parsed(source: str) -> tuple[str, dict[str, Any]]:
    """The text with line feeds only, and its values. Raises RuleSetError."""
    if size_of(source) > MOST_BYTES:
        raise RuleSetError([Fault(1, 1, "", f"more than {MOST_BYTES:,} bytes")])
    # Editors on Windows begin a file with a byte-order mark.
    text = source.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = Lines(text)
    for offset, what in _unusable(text):
        raise RuleSetError([Fault(*lines.place(offset), "", what)])
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise RuleSetError([_not_toml(lines, exc)]) from None
    except RecursionError:
        raise RuleSetError([Fault(1, 1, "", "nested too deeply")]) from None
    except ValueError as exc:
        place = _LONG_NUMBER.search(text)
        text = "a number has too many digits" if place else f"not TOML: {exc!s:.200}"
        where = lines.place(place.start() if place else 0)
        raise RuleSetError([Fault(*where, "", text)]) from None


def size_of(text: str) -> int:
    """Bytes of a text in a file."""
    return len(text.encode("utf-8", "surrogatepass"))


def hides_a_card(text: str) -> int | None:
    """Where in this text something is written like a card number with a right check digit."""
    scrubbed = scrub_line(text)
    if scrubbed == text:
        return None
    return next(
        at for at, (one, other) in enumerate(zip(text, scrubbed, strict=False)) if one != other
    )


def _unusable(text: str) -> list[tuple[int, str]]:
    found = [long] if (long := _too_long(text)) else []
    # The other searches take time, too.
    text = text[: long[0] if long else None]
    if hidden := _BIDIRECTIONAL.search(text):
        code = f"U+{ord(hidden.group()):04X}"
        found.append((hidden.start(), f"an invisible character, {code}, that turns the text round"))
    if (card := hides_a_card(text)) is not None:
        found.append((card, "this looks like a card number: write the account's token"))
    return sorted(found)


def _too_long(text: str) -> tuple[int, str] | None:
    """Where there is more of something than is read within a second."""
    if text.count("\n") > _MOST_LINES:
        return 0, f"more than {_MOST_LINES:,} lines"
    commas = signs = 0
    dots: list[tuple[int, int]] = []
    for found in _SIGN.finditer(text):
        sign = found["sign"]
        if sign == ",":
            commas += 1
        elif sign:
            signs += 1
            if sign == ".":
                dots.append(found.span())
        if what := _over(commas, signs, len(dots)):
            return _long_key(text, dots) or (found.end() - 1, what)
    return _long_key(text, dots)


def _over(commas: int, signs: int, dots: int) -> str | None:
    if commas > _MOST_COMMAS:
        return f"more than {_MOST_COMMAS:,} entries of lists"
    if signs > _MOST_SIGNS:
        return f"more than {_MOST_SIGNS:,} keys, tables and brackets"
    if dots > _MOST_DOTS:
        return f"more than {_MOST_DOTS:,} dots outside of strings"
    return None


def _long_key(text: str, dots: list[tuple[int, int]]) -> tuple[int, str] | None:
    """Where a key has too many parts; each of ``dots`` begins behind the sign before the dot."""
    parts = key = last = 0
    for start, end in dots:
        if start == last and parts and _PART.fullmatch(text, start, end - 1):
            parts += 1
        else:
            parts = 2
            before = text[start : end - 1].rpartition("\n")[2]
            key = end - 1 - len(before.lstrip(" \t"))
        if parts > _MOST_PARTS:
            return key, "a key has too many parts"
        last = end
    return None


def _not_toml(lines: Lines, exc: tomllib.TOMLDecodeError) -> Fault:
    said = str(exc)
    place = _PLACE.search(said)
    line, column = lines.place(len(lines.text))
    if place is not None and place[1]:
        line, column = int(place[1]), int(place[2])
    return Fault(line, column, "", f"not TOML: {_PLACE.sub('', said):.200}")
