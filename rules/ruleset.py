"""A rule set: read from TOML, checked as a whole, with a version that names what it decides."""

from __future__ import annotations

import ast
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

from rules.expression import Expression, parse
from rules.faults import Fault, RuleSetError, did_you_mean
from rules.positions import Key, keys, line_and_column, string_offsets

__all__ = ["MOST_BYTES", "Outcome", "Rule", "RuleSet", "Thresholds", "load"]

Outcome = Literal["authorized", "review", "unauthorized"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

#: Bytes of a rule set, list files included: it is one record of a topic.
MOST_BYTES: Final = 900_000
MOST_RULES: Final = 500
LONGEST_NOTE: Final = 1_000
MOST_POINTS: Final = 1_000_000
#: Reasons that are given otherwise than by a rule's name.
RESERVED: Final = frozenset({"veritas_declined", "rule_error"})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_RULE_KEYS: Final = ("name", "when", "then", "points", "shadow", "note")

ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a condition, and what follows when it holds."""

    name: str
    when: str
    expression: Expression
    #: The outcome, or None for a rule that gives points.
    then: Outcome | None = None
    points: float = 0
    #: Evaluated and counted, without effect on the outcome.
    shadow: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Points from which the outcome is so; None: points alone never make it so."""

    review: float | None = None
    unauthorized: float | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A checked rule set."""

    rules: tuple[Rule, ...]
    thresholds: Thresholds
    lists: Mapping[str, frozenset[str]]
    #: A short hash of what it decides: 12 hex digits. Comments, notes and layout do not count.
    version: str
    #: What it was read from, and the list files that it names.
    source: str = field(repr=False, default="")
    files: Mapping[str, str] = field(repr=False, default_factory=dict)


def load(source: str, read_file: ReadFile | None = None) -> RuleSet:
    """Read and check a rule set; ``read_file`` gives the text of a list file by its name.

    Raises RuleSetError with every fault that can be told apart.
    """
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise RuleSetError([Fault(1, 1, "", f"more than {MOST_BYTES:,} bytes")])
    text = source.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise RuleSetError([_not_toml(text, exc)]) from None
    except RecursionError:
        raise RuleSetError([Fault(1, 1, "", "nested too deeply")]) from None
    return _Reader(text, document, read_file).read(source)


def _not_toml(text: str, exc: tomllib.TOMLDecodeError) -> Fault:
    said = str(exc)
    place = _TOML_PLACE.search(said)
    line, column = line_and_column(text, len(text))
    if place is not None and place[1]:
        line, column = int(place[1]), int(place[2])
    return Fault(line, column, "", f"not TOML: {_TOML_PLACE.sub('', said)}")


class _Reader:
    """Collects the faults of one document."""

    def __init__(self, text: str, document: dict[str, Any], read_file: ReadFile | None) -> None:
        self._text = text
        self._document = document
        self._read_file = read_file
        self._faults: list[Fault] = []
        self._places = {(each.table, each.index, each.name): each for each in keys(text)}
        self._files: dict[str, str] = {}

    def read(self, source: str) -> RuleSet:
        for name in self._document:
            known = ("thresholds", "lists", "rule")
            if name not in known:
                self._tell("", 0, name, "", f"unknown key `{name:.64}`{did_you_mean(name, known)}")
        thresholds = self._thresholds(self._table("thresholds"))
        lists = self._lists(self._table("lists"))
        rules = list(self._rules(lists, thresholds))
        if self._faults:
            raise RuleSetError(self._faults)
        version = _version(rules, thresholds, lists)
        return RuleSet(tuple(rules), thresholds, lists, version, source, self._files)

    def _tell(self, table: str, index: int, name: str, rule: str, text: str) -> None:
        place = self._place(table, index, name)
        line, column = line_and_column(self._text, place.offset if place else 0)
        self._faults.append(Fault(line, column, rule, text))

    def _place(self, table: str, index: int, name: str) -> Key | None:
        for key in ((table, index, name), (table, index, ""), (name, 0, "")):
            if key in self._places:
                return self._places[key]
        return None

    def _table(self, name: str) -> dict[str, Any]:
        found = self._document.get(name, {})
        if not isinstance(found, dict):
            self._tell("", 0, name, name, f"write a table, [{name}]")
            return {}
        return found

    # -- the table of thresholds

    def _thresholds(self, table: dict[str, Any]) -> Thresholds:
        where = "thresholds"
        values: dict[str, float] = {}
        for name, value in table.items():
            if name not in ("review", "unauthorized"):
                hint = did_you_mean(name, ("review", "unauthorized"))
                self._tell(where, 0, name, where, f"unknown key `{name:.64}`{hint}")
            elif not _is_number(value) or not 0 < value <= MOST_POINTS:
                self._tell(where, 0, name, where, f"{name} is a number from 1 to {MOST_POINTS:,}")
            else:
                values[name] = value
        found = Thresholds(**values)
        if (found.review or 0) > (found.unauthorized or math.inf):
            self._tell(where, 0, "review", where, "review is above unauthorized, so never reached")
        return found

    # -- the table of lists

    def _lists(self, table: dict[str, Any]) -> dict[str, frozenset[str]]:
        return {name: self._list(name, value) for name, value in table.items()}

    def _list(self, name: str, value: object) -> frozenset[str]:
        if not _NAME.fullmatch(name):
            self._tell("lists", 0, name, "lists", f"`{name:.64}` is no name: {_NAME.pattern}")
        match value:
            case {"file": str(path)} if len(cast(dict[str, Any], value)) == 1:
                value = self._listed_in(name, path)
            case list():
                pass
            case _:
                self._tell("lists", 0, name, "lists", f'{name} is a list or {{file = "…"}}')
                return frozenset()
        if not all(isinstance(each, str) for each in cast(list[object], value)):
            self._tell("lists", 0, name, "lists", f"{name} holds strings only")
            return frozenset()
        return frozenset(cast(list[str], value))

    def _listed_in(self, name: str, path: str) -> list[str]:
        if self._read_file is None:
            self._tell("lists", 0, name, "lists", f"{name}: files cannot be read here")
            return []
        try:
            text = self._read_file(path)
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or "it is not UTF-8 text"
            self._tell("lists", 0, name, "lists", f"{path:.200} cannot be read: {why}")
            return []
        total = sum(map(len, self._files.values())) + len(text) + len(self._text)
        if total > MOST_BYTES:
            self._tell("lists", 0, name, "lists", f"over {MOST_BYTES:,} bytes with {path:.200}")
            return []
        self._files[path] = text
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return [line for line in lines if line]

    # -- the rules

    def _rules(self, lists: Mapping[str, object], thresholds: Thresholds) -> Iterator[Rule]:
        found = self._document.get("rule", [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self._tell("", 0, "rule", "rule", "write rules as [[rule]]")
            return
        if len(found) > MOST_RULES:
            self._tell("rule", MOST_RULES, "", "", f"{len(found):,} rules; at most {MOST_RULES}")
            return
        names: set[str] = set()
        for index, table in enumerate(found):
            before = len(self._faults)
            rule = self._rule(index, table, lists, thresholds, names)
            if rule is not None and len(self._faults) == before:
                yield rule

    def _rule(
        self,
        index: int,
        table: dict[str, Any],
        lists: Mapping[str, object],
        thresholds: Thresholds,
        names: set[str],
    ) -> Rule | None:
        name = self._name(index, table.get("name"), names)
        for key in table:
            if key not in _RULE_KEYS:
                hint = did_you_mean(key, _RULE_KEYS)
                self._tell("rule", index, key, name, f"unknown key `{key:.64}`{hint}")
        note = table.get("note", "")
        if not isinstance(note, str) or len(note) > LONGEST_NOTE:
            text = f"note is a string of at most {LONGEST_NOTE:,} characters"
            self._tell("rule", index, "note", name, text)
        if not isinstance(table.get("shadow", False), bool):
            self._tell("rule", index, "shadow", name, "shadow is true or false")
        then, points = self._effect(index, table, name, thresholds)
        expression = self._when(index, table.get("when"), name, lists)
        if expression is None:
            return None
        return Rule(
            name, table["when"], expression, then, points, bool(table.get("shadow")), str(note)
        )

    def _name(self, index: int, name: object, names: set[str]) -> str:
        shown = f"number {index + 1}"
        if name is None:
            self._tell("rule", index, "", shown, "name is missing")
        elif not isinstance(name, str) or not _NAME.fullmatch(name):
            self._tell("rule", index, "name", shown, f"name is a string like {_NAME.pattern}")
        elif name in RESERVED:
            self._tell("rule", index, "name", name, f"`{name}` is reserved: choose another name")
        elif name in names:
            self._tell("rule", index, "name", name, "another rule has this name")
            return name
        else:
            names.add(name)
            return name
        return shown

    def _effect(
        self, index: int, table: dict[str, Any], name: str, thresholds: Thresholds
    ) -> tuple[Outcome | None, float]:
        then, points = table.get("then"), table.get("points")
        if (then is None) == (points is None):
            self._tell("rule", index, "then", name, "write either then or points")
        elif points is None:
            if then in OUTCOMES:
                return cast(Outcome, then), 0
            hint = did_you_mean(then, OUTCOMES) if isinstance(then, str) else ""
            self._tell("rule", index, "then", name, f"then is one of {', '.join(OUTCOMES)}{hint}")
        elif not _is_number(points) or not 0 < abs(points) <= MOST_POINTS:
            text = f"points is a number up to {MOST_POINTS:,}, not 0"
            self._tell("rule", index, "points", name, text)
        elif thresholds == Thresholds():
            self._tell("rule", index, "points", name, "points have no effect without [thresholds]")
        else:
            return None, points
        return None, 0

    def _when(
        self, index: int, when: object, name: str, lists: Mapping[str, object]
    ) -> Expression | None:
        if not isinstance(when, str):
            text = "when is missing" if when is None else "when is a string"
            self._tell("rule", index, "when", name, text)
            return None
        found = parse(when, tuple(lists))
        if isinstance(found, Expression):
            return found
        place = self._place("rule", index, "when")
        start = place.value if place else 0
        offsets = string_offsets(self._text, start)
        for offset, text in found:
            at = offsets[min(offset, len(offsets) - 1)] if offsets else start
            self._faults.append(Fault(*line_and_column(self._text, at), name, text))
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _version(rules: list[Rule], thresholds: Thresholds, lists: Mapping[str, frozenset[str]]) -> str:
    """A hash of the canonical form: the same for sets that differ in layout and notes only."""
    canonical = {
        "thresholds": [thresholds.review, thresholds.unauthorized],
        "lists": {name: sorted(values) for name, values in sorted(lists.items())},
        "rules": [
            [rule.name, ast.unparse(rule.expression.tree), rule.then, rule.points, rule.shadow]
            for rule in rules
        ],
    }
    # ASCII, so that a lone surrogate in a string is no error.
    text = json.dumps(canonical, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=6, person=b"rule-set").hexdigest()
