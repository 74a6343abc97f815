"""The rules of a rule file, one table each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from records.outcome import STANDING_REASONS
from rules.expression import Expression
from rules.faults import did_you_mean
from rules.reading.faults_found import Faults
from rules.reading.lists import NAME
from rules.reading.literals import CARD, card_in
from rules.reading.parse import parse
from rules.reading.shared import Shared
from rules.rule import (
    LONGEST_NOTE,
    MOST_PARTS,
    MOST_PATTERNS,
    MOST_POINTS,
    MOST_RULES,
    OUTCOMES,
    Outcome,
    Rule,
    Thresholds,
)

__all__ = ["RuleReader", "is_number"]

_KEYS: Final = ("name", "when", "then", "points", "shadow", "note")


class RuleReader:
    """Reads the rules; ``lists`` and ``thresholds`` are what they may refer to."""

    def __init__(
        self, faults: Faults, lists: Mapping[str, frozenset[str]], thresholds: Thresholds
    ) -> None:
        self._faults = faults
        self._shared = Shared(lists)
        self._thresholds = thresholds
        self._names: set[str] = set()
        self._parts = 0
        self._patterns = 0

    def read(self, tables: object) -> Iterator[Rule]:
        """Each rule that has no fault, in the order of the file."""
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._faults.add("", 0, "rule", "", "write rules as [[rule]]")
            return
        if len(tables) > MOST_RULES:
            text = f"{len(tables):,} rules; at most {MOST_RULES}"
            self._faults.add("rule", MOST_RULES, "", "", text)
            return
        for index, table in enumerate(tables):
            before = len(self._faults)
            rule = self._rule(index, table)
            if rule is not None and len(self._faults) == before:
                yield rule
            if self._is_too_much(index):
                return

    def _is_too_much(self, index: int) -> bool:
        if self._parts > MOST_PARTS:
            text = f"with this rule the set has over {MOST_PARTS:,} parts of expressions"
        elif self._patterns > MOST_PATTERNS:
            text = f"with this rule the set has over {MOST_PATTERNS} patterns"
        else:
            return False
        self._faults.add("rule", index, "when", "", text)
        return True

    def _rule(self, index: int, table: dict[str, Any]) -> Rule | None:
        name = self._name(index, table.get("name"))
        for key in table:
            if key not in _KEYS:
                hint = did_you_mean(key, _KEYS)
                self._faults.add("rule", index, key, name, f"unknown key `{key:.64}`{hint}")
        note = table.get("note", "")
        if not isinstance(note, str) or len(note) > LONGEST_NOTE:
            text = f"note is a string of at most {LONGEST_NOTE:,} characters"
            self._faults.add("rule", index, "note", name, text)
        elif card_in(note) is not None:
            self._faults.add("rule", index, "note", name, CARD)
        if not isinstance(table.get("shadow", False), bool):
            self._faults.add("rule", index, "shadow", name, "shadow is true or false")
        then, points = self._effect(index, table, name)
        expression = self._when(index, table.get("when"), name)
        if expression is None:
            return None
        return Rule(
            name, table["when"], expression, then, points, bool(table.get("shadow")), str(note)
        )

    def _name(self, index: int, name: object) -> str:
        shown = f"number {index + 1}"
        if name is None:
            self._faults.add("rule", index, "", shown, "name is missing")
        elif not isinstance(name, str) or not NAME.fullmatch(name):
            self._faults.add("rule", index, "name", shown, f"name is a string like {NAME.pattern}")
        elif card_in(name) is not None:
            self._faults.add("rule", index, "name", shown, CARD)
        elif name in STANDING_REASONS:
            text = f"`{name}` is reserved: choose another name"
            self._faults.add("rule", index, "name", name, text)
        elif name in self._names:
            self._faults.add("rule", index, "name", name, "another rule has this name")
            return name
        else:
            self._names.add(name)
            return name
        return shown

    def _effect(self, index: int, table: dict[str, Any], name: str) -> tuple[Outcome | None, float]:
        then, points = table.get("then"), table.get("points")
        if (then is None) == (points is None):
            self._faults.add("rule", index, "then", name, "write either then or points")
        elif points is None:
            if then in OUTCOMES:
                return cast(Outcome, then), 0
            hint = did_you_mean(then, OUTCOMES) if isinstance(then, str) else ""
            text = f"then is one of {', '.join(OUTCOMES)}{hint}"
            self._faults.add("rule", index, "then", name, text)
        elif not is_number(points) or not 0 < abs(points) <= MOST_POINTS:
            text = f"points is a number up to {MOST_POINTS:,}, not 0"
            self._faults.add("rule", index, "points", name, text)
        elif self._thresholds == Thresholds():
            text = "points have no effect without [thresholds]"
            self._faults.add("rule", index, "points", name, text)
        else:
            return None, points
        return None, 0

    def _when(self, index: int, when: object, name: str) -> Expression | None:
        if not isinstance(when, str):
            text = "when is missing" if when is None else "when is a string"
            self._faults.add("rule", index, "when", name, text)
            return None
        if (card := card_in(when)) is not None:
            self._faults.add_within(index, "when", name, card, CARD)
            return None
        parsed = parse(when, self._shared)
        if isinstance(parsed, Expression):
            self._parts += parsed.parts
            self._patterns += parsed.matches
            return parsed
        for offset, text in parsed:
            self._faults.add_within(index, "when", name, offset, text)
        return None


def is_number(value: object) -> bool:
    """Whether this is a finite number of TOML."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)
