"""Outcomes before and after, counted as they come; memory does not grow with the accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cli.whatif.before import AFTER, BEFORE, NEW, UNKNOWN, Before
from records.outcome import OUTCOMES
from rules.compiled import CompiledRules, Decision
from rules.judge_again import Again

#: Examples of each change, and names that are told apart; anybody may write to the topics.
EXAMPLES: Final = 3
_MOST_NAMES: Final = 1_000
_OTHERS: Final = "(others)"
_MOST_COMBINATIONS: Final = 10_000


@dataclass(slots=True)
class Sum:
    """How many accounts, and the sum of their amounts."""

    count: int = 0
    amount: float = 0.0

    def add(self, amount: float) -> None:
        """Add one account."""
        self.count += 1
        self.amount += amount


@dataclass(slots=True)
class RuleFlips:
    """Flips to which one rule contributed."""

    #: It speaks for the new outcome and did not speak before.
    now: Sum = field(default_factory=Sum)
    #: It spoke for the former outcome and no longer does.
    no_longer: Sum = field(default_factory=Sum)


class Example(NamedTuple):
    """An account whose outcome changes."""

    id: str
    card: str
    amount: float
    before: str
    after: str
    reasons_before: tuple[str, ...]
    reasons_after: tuple[str, ...]


class Tally:
    """What changes for the accounts that were added."""

    def __init__(self, compiled: CompiledRules) -> None:
        self.matrix = {(before, after): Sum() for before in BEFORE for after in AFTER}
        self.by_rule: dict[str, RuleFlips] = {}
        self.examples: list[Example] = []
        #: The outcome stays, for other reasons.
        self.other_reasons = 0
        #: Accounts about which Veritas was asked, and would be asked.
        self.asked_before = self.asked_after = 0
        #: Accounts by the version that judged them.
        self.versions: Counter[str] = Counter()
        self._rules = compiled.rule_set.rules
        self._fired: Counter[int] = Counter()
        self._hits = [0] * (2 * len(self._rules))

    def add(self, before: Before, again: Again) -> None:
        """Add an account and what the rules say about it now."""
        decision = again.decision
        after = UNKNOWN if decision is None else decision.outcome
        self.matrix[before.outcome, after].add(before.amount)
        self.asked_before += before.veritas is not None
        self.asked_after += again.asks
        self._count_name(before.rules)
        self._fired[again.fired] += 1
        if len(self._fired) > _MOST_COMBINATIONS:
            self._sum_up()
        if before.outcome == NEW:
            return
        if before.outcome != after:
            self._flip(before, after, decision)
        elif decision is not None and before.reasons != decision.reasons:
            self.other_reasons += 1

    @property
    def compared(self) -> int:
        """Accounts that had an outcome before."""
        return sum(each.count for (before, _), each in self.matrix.items() if before != NEW)

    @property
    def flips(self) -> int:
        """Accounts whose outcome changes for certain."""
        return sum(
            each.count
            for (before, after), each in self.matrix.items()
            if before not in (NEW, after) and after != UNKNOWN
        )

    @property
    def unknown(self) -> int:
        """Accounts with an outcome that Veritas would be asked about for the first time."""
        return sum(self.matrix[before, UNKNOWN].count for before in OUTCOMES)

    @property
    def hits(self) -> dict[str, int]:
        """Rule of the set -> accounts for which it fired, shadow rules included."""
        self._sum_up()
        return {rule.name: number for rule, number in zip(self._rules, self._hits, strict=False)}

    @property
    def failures(self) -> dict[str, int]:
        """Rule of the set -> accounts for which it could not be evaluated, where there are any."""
        self._sum_up()
        failed = zip(self._rules, self._hits[len(self._rules) :], strict=True)
        return {rule.name: number for rule, number in failed if number}

    def _sum_up(self) -> None:
        for fired, number in self._fired.items():
            for index in range(len(self._hits)):
                if fired >> index & 1:
                    self._hits[index] += number
        self._fired.clear()

    def _count_name(self, version: str) -> None:
        known = version in self.versions or len(self.versions) < _MOST_NAMES
        self.versions[version if known else _OTHERS] += 1

    def _flip(self, before: Before, after: str, decision: Decision | None) -> None:
        now, no_longer = speakers(before, decision)
        for name in now:
            self._of(name).now.add(before.amount)
        for name in no_longer:
            self._of(name).no_longer.add(before.amount)
        if self.matrix[before.outcome, after].count <= EXAMPLES:
            reasons = () if decision is None else decision.reasons
            self.examples.append(
                Example(
                    before.id,
                    before.card,
                    before.amount,
                    before.outcome,
                    after,
                    before.reasons,
                    reasons,
                )
            )

    def _of(self, name: str) -> RuleFlips:
        if name not in self.by_rule and len(self.by_rule) >= _MOST_NAMES:
            name = _OTHERS
        return self.by_rule.setdefault(name, RuleFlips())


def speakers(before: Before, decision: Decision | None) -> tuple[Iterable[str], Iterable[str]]:
    """The rules to which a flip is due: those that speak for it now, those that no longer do.

    A rule speaks when it is a reason or allowed the account. Where the same rules speak before and
    after, what they do was changed: then they count as speaking now.
    """
    then = dict.fromkeys((*before.reasons, before.allowed_by))
    now: dict[str, None] = {}
    if decision is not None:
        now = dict.fromkeys((*decision.reasons, decision.allowed_by or ""))
    then.pop("", None)
    now.pop("", None)
    added = [name for name in now if name not in then]
    gone = [name for name in then if name not in now]
    return (added, gone) if added or gone else (list(now), ())
