"""Why an account was judged so: the rules that fired, and the values that they saw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from rules.compiled import CompiledRules
from rules.fields import COMPUTED, GIVEN
from rules.judge_again import Again, Given, judge_again
from rules.ruleset import Rule
from rules.vocabulary import AFTER_VERITAS, FIELDS

__all__ = ["Explanation", "FiredRule", "explain", "field_values"]


class FiredRule(NamedTuple):
    """A rule that fired for an account, or could not be evaluated."""

    rule: Rule
    failed: bool
    #: Field -> value, of each field that the rule names, in the order of the vocabulary. Holds
    #: names of people as they are, and never a card number: rules cannot name it.
    values: dict[str, Any]


class Explanation(NamedTuple):
    """What a rule set says about an account, and why."""

    again: Again
    #: In the set's order, shadow rules included.
    rules: tuple[FiredRule, ...]


def explain(compiled: CompiledRules, given: Given, veritas: bool | None) -> Explanation:
    """Judge the account and list the rules that fired; ``veritas`` is the recorded answer."""
    again = judge_again(compiled, given, veritas)
    rules = compiled.rule_set.rules
    found = []
    for index, rule in enumerate(rules):
        failed = bool(again.fired >> (len(rules) + index) & 1)
        if failed or again.fired >> index & 1:
            values = field_values(given, rule.expression.fields, veritas)
            found.append(FiredRule(rule, failed, values))
    return Explanation(again, tuple(found))


def field_values(given: Given, names: Iterable[str], veritas: bool | None) -> dict[str, Any]:
    """The values of these fields for an account."""
    known: dict[str, Any] = {**dict(zip(GIVEN, given, strict=True)), AFTER_VERITAS: veritas}

    def value(name: str) -> Any:
        if name not in known:
            made = COMPUTED[name]
            known[name] = made.make(*map(value, made.of))
        return known[name]

    wanted = set(names)
    return {name: value(name) for name in FIELDS if name in wanted}
