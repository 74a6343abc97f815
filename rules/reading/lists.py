"""The table of lists: written in the rule file, or in files beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, cast

from rules.reading.faults_found import Faults
from rules.reading.literals import card_in
from rules.reading.toml import hides_a_card, size_of
from rules.rule import MOST_BYTES, MOST_LISTS

__all__ = ["NAME", "ListReader", "ReadFile"]

#: Names of rules and lists.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WHERE: Final = "lists"
# The record of a set writes each of them as six bytes, and no name or token has one.
_CONTROL: Final = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f]")

#: The text of a list file; raises OSError or UnicodeDecodeError.
ReadFile = Callable[[str], str]


class ListReader:
    """Reads the lists of a rule file of ``size`` bytes.

    ``files`` has the text of each list file that was read, by its name.
    """

    def __init__(self, faults: Faults, read_file: ReadFile | None, size: int) -> None:
        self._faults = faults
        self._read_file = read_file
        self._bytes = size
        self.files: dict[str, str] = {}

    def read(self, table: Mapping[str, Any]) -> dict[str, frozenset[str]]:
        """Each list by its name."""
        if len(table) > MOST_LISTS:
            self._add("", f"{len(table):,} lists; at most {MOST_LISTS}")
            return {}
        return {name: self._list(name, value) for name, value in table.items()}

    def _add(self, name: str, text: str) -> None:
        self._faults.add(_WHERE, 0, name, f"[{_WHERE}]", text)

    def _list(self, name: str, value: object) -> frozenset[str]:
        if not NAME.fullmatch(name):
            self._add(name, f"`{name:.64}` is no name: {NAME.pattern}")
        match value:
            case {"file": str(path)} if len(cast(dict[str, Any], value)) == 1:
                value = self._listed_in(name, path)
            case list():
                pass
            case _:
                self._add(name, f'{name:.64} is a list or {{file = "…"}}')
                return frozenset()
        if not all(isinstance(each, str) for each in cast(list[object], value)):
            self._add(name, f"{name:.64} holds strings only")
            return frozenset()
        entries = cast(list[str], value)
        if card_in("\n".join(entries)) is not None:
            self._add(name, f"an entry of {name:.64} looks like a card number: write tokens")
            return frozenset()
        return frozenset(entries)

    def _listed_in(self, name: str, path: str) -> list[str]:
        text = self._text(name, path)
        # Counted for each list that names it: so many strings are kept.
        self._bytes += size_of(text)
        if self._bytes > MOST_BYTES:
            self._add(name, f"over {MOST_BYTES:,} bytes with {path:.200}")
            return []
        if wrong := _unusable(text):
            at, what = wrong
            line = text.count("\n", 0, at) + 1
            self._add(name, f"line {line:,} of {path:.200} {what}")
            return []
        self.files[path] = text
        lines = (line.partition("#")[0].strip() for line in text.split("\n"))
        return [line for line in lines if line]

    def _text(self, name: str, path: str) -> str:
        if self._read_file is None:
            self._add(name, f"{name:.64}: files cannot be read here")
        elif not _is_beside(path):
            self._add(name, f"{path!a:.200} is no file beside this one or in a folder below it")
        else:
            try:
                # Spreadsheets begin a text with a byte-order mark.
                return self._read_file(path).removeprefix("\ufeff")
            except UnicodeDecodeError:
                self._add(name, f"{path:.200} cannot be read: it is not UTF-8 text")
            except OSError as exc:
                self._add(name, f"{path:.200} cannot be read: {exc.strerror}")
        return ""


def _unusable(text: str) -> tuple[int, str] | None:
    if (card := hides_a_card(text)) is not None:
        return card, "looks like a card number: write tokens"
    if control := _CONTROL.search(text):
        return control.start(), f"has a control character, U+{ord(control.group()):04X}"
    return None


def _is_beside(path: str) -> bool:
    """Whether a name cannot lead out of the rule set's folder: what is named is published."""
    pure = PurePosixPath(path)
    return (
        path.isprintable()
        and pure.parts != ()
        and not pure.is_absolute()
        and ".." not in pure.parts
        and "\\" not in path
        and ":" not in path
    )
