"""What the expressions of one rule set share: its lists, and the patterns in them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from rules.pattern import MOST_WEIGHT, Pattern, PatternError, weight_of_refused
from rules.reading.values import is_possible

__all__ = ["Shared"]


class Shared:
    """Of one set; ``lists`` are those that expressions may name."""

    def __init__(self, lists: Mapping[str, frozenset[str]]) -> None:
        self.lists = lists
        self._impossible: dict[tuple[str, str], str | None] = {}
        self._patterns: dict[str, Pattern | str] = {}
        self._weight = 0

    def never_found(self, field: str, name: str) -> str | None:
        """The first entry of the list that the field can never equal, or None."""
        key = (field, name)
        if key not in self._impossible:
            wrong = (each for each in self.lists[name] if not is_possible(field, each))
            self._impossible[key] = min(wrong, default=None)
        return self._impossible[key]

    def pattern_of(self, node: ast.expr) -> Pattern | str | None:
        """The pattern that is written here, compiled once, or what is wrong with it.

        None for what is none, and for those that follow one with which the set has too many.
        """
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            return None
        try:
            return self._pattern(node.value)
        except UnicodeEncodeError:  # of a lone surrogate, which is a fault of any string
            return None

    def _pattern(self, text: str) -> Pattern | str | None:
        if text in self._patterns:
            return self._patterns[text]
        if self._weight > MOST_WEIGHT:
            return None
        found: Pattern | str
        try:
            found = Pattern(text)
            self._weight += found.weight
        except PatternError as exc:
            found = f"not a pattern that RE2 takes: {exc}"
            self._weight += weight_of_refused(text)
        if isinstance(found, Pattern) and self._weight > MOST_WEIGHT:
            found = (
                f"with this pattern those of the set are over {MOST_WEIGHT:,} instructions of RE2"
            )
        self._patterns[text] = found
        return found
