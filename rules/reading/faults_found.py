"""The faults that were found in one document, each at its place."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from rules.faults import Fault, RuleSetError
from rules.reading.positions import Key, Lines, keys, string_offsets

__all__ = ["Faults"]

#: More are not looked for.
MOST_FAULTS: Final = 100


class Faults:
    """Collects faults; raises RuleSetError with them when there are too many to go on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = Lines(text)
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, table: str, index: int, name: str, rule: str, text: str) -> None:
        """A fault of a key, of the table it is in, or of the document."""
        place = self._place(table, index, name)
        self._add(place.offset if place else 0, rule, text)

    def add_within(self, index: int, name: str, rule: str, offset: int, text: str) -> None:
        """A fault at this character of the string that a key of a rule has."""
        place = self._place("rule", index, name)
        start = place.value if place else 0
        offsets = string_offsets(self.text, start)
        self._add(offsets[min(offset, len(offsets) - 1)] if offsets else start, rule, text)

    def check(self) -> None:
        """Raise RuleSetError when there are faults."""
        if self._faults:
            raise RuleSetError(self._faults)

    def _add(self, offset: int, rule: str, text: str) -> None:
        line, column = self._lines.place(offset)
        if len(self._faults) == MOST_FAULTS:
            text = f"more than {MOST_FAULTS} faults: the others are not printed"
            raise RuleSetError([*self._faults, Fault(line, column, "", text)])
        self._faults.append(Fault(line, column, rule, text))

    @cached_property
    def _places(self) -> dict[tuple[str, int, str], Key]:
        """The keys by where they are; only a file with faults has them looked for."""
        return {(each.table, each.index, each.name): each for each in keys(self.text)}

    def _place(self, table: str, index: int, name: str) -> Key | None:
        for key in ((table, index, name), (table, index, ""), (name, 0, "")):
            if key in self._places:
                return self._places[key]
        return None
