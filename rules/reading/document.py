"""A rule file as a whole: its tables, read in the order in which they refer to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from rules.faults import did_you_mean
from rules.reading.faults_found import Faults
from rules.reading.lists import ListReader, ReadFile
from rules.reading.rules import RuleReader, is_number
from rules.rule import MOST_POINTS, Rule, Thresholds

__all__ = ["Document", "read"]

_TABLES: Final = ("thresholds", "lists", "rule")
_THRESHOLDS: Final = ("review", "unauthorized")


class Document(NamedTuple):
    """What a file without faults holds."""

    rules: tuple[Rule, ...]
    thresholds: Thresholds
    lists: Mapping[str, frozenset[str]]
    #: The list files that were read, by name.
    files: Mapping[str, str]


def read(text: str, values: dict[str, Any], read_file: ReadFile | None, size: int) -> Document:
    """Check the values of a file of ``size`` bytes. Raises RuleSetError with all faults."""
    faults = Faults(text)
    for name in values:
        if name not in _TABLES:
            hint = did_you_mean(name, _TABLES)
            faults.add("", 0, name, "", f"unknown key `{name:.64}`{hint}")
    thresholds = _thresholds(_table(values, "thresholds", faults), faults)
    lists = ListReader(faults, read_file, size)
    listed = lists.read(_table(values, "lists", faults))
    rules = tuple(RuleReader(faults, listed, thresholds).read(values.get("rule", [])))
    faults.check()
    return Document(rules, thresholds, listed, lists.files)


def _table(values: dict[str, Any], name: str, faults: Faults) -> dict[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        faults.add("", 0, name, "", f"write a table, [{name}]")
        return {}
    return table


def _thresholds(table: dict[str, Any], faults: Faults) -> Thresholds:
    where = "thresholds"
    values: dict[str, float] = {}
    for name, value in table.items():
        if name not in _THRESHOLDS:
            hint = did_you_mean(name, _THRESHOLDS)
            faults.add(where, 0, name, "[thresholds]", f"unknown key `{name:.64}`{hint}")
        elif not is_number(value) or not 0 < value <= MOST_POINTS:
            text = f"{name} is a number above 0, up to {MOST_POINTS:,}"
            faults.add(where, 0, name, "[thresholds]", text)
        else:
            values[name] = value
    thresholds = Thresholds(**values)
    if (thresholds.review or 0) > (thresholds.unauthorized or math.inf):
        text = "review is above unauthorized, so never reached"
        faults.add(where, 0, "review", "[thresholds]", text)
    return thresholds
