"""What a rule set consists of, and the bounds of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from records.codec.bounds import MOST_RULES
from records.outcome import OUTCOMES, Outcome
from rules.expression import Expression

__all__ = ["MOST_RULES", "OUTCOMES", "Outcome", "Rule", "RuleSet", "Thresholds"]

#: Bytes of a rule set, list files included: it is one record of a topic.
MOST_BYTES: Final = 900_000
MOST_LISTS: Final = 100
#: Parts of all expressions together (nodes of their syntax trees), and patterns: what a set takes
#: to compile, in time and memory, grows with them.
MOST_PARTS: Final = 20_000
MOST_PATTERNS: Final = 200
LONGEST_NOTE: Final = 1_000
MOST_POINTS: Final = 1_000_000


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
