"""A rule set as one Python function, and what its answers decide.

The expressions of a set become the body of one function, which returns the rules that fired as the
bits of an integer: 20 rules cost about as much as reading the fields that they name. What follows
from a set of fired rules is worked out once for each combination and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from rules.function import made_function
from rules.rule import Outcome, Rule, RuleSet, Thresholds
from rules.vocabulary import AFTER_VERITAS

__all__ = ["CompiledRules", "Decision"]

#: How many combinations of fired rules are remembered.
REMEMBERED: Final = 4_096

#: The precedence of what a rule gives: of two that fired, the higher one decides. Points may be
#: summed up to a review.
_RANKS: Final[Mapping[Outcome | None, int]] = {
    "authorized": 3,
    "unauthorized": 2,
    "review": 1,
    None: 1,
}


class Decision(NamedTuple):
    """What a rule set decides about an account."""

    outcome: Outcome
    #: The rules that speak against it, in the set's order, then `rule_error`, `veritas_declined`.
    reasons: tuple[str, ...] = ()
    score: float = 0
    #: The allow rule that decided.
    allowed_by: str | None = None
    #: Shadow rules that fired.
    shadow: tuple[str, ...] = ()
    #: Rules that could not be evaluated.
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fired:
    """Fired and failed rules of one account, sorted by what they do."""

    allow: Rule | None
    unauthorized: bool
    review: bool
    #: A rule that is no shadow rule could not be evaluated.
    error: bool
    score: float
    against: tuple[str, ...]
    shadow: tuple[str, ...]
    failed: tuple[str, ...]


class CompiledRules:
    """A rule set ready to judge. Pure, and safe to share between threads.

    ``before`` and ``after`` take the fields of `rules.fields.GIVEN` by position (``after`` the
    answer of Veritas first) and return fired rules: bit *i* for rule *i*, bit *n + i* when rule *i*
    of *n* could not be evaluated.
    """

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        rules = rule_set.rules
        self._rules = rules
        self.names = frozenset(rule.name for rule in rules)
        late = [AFTER_VERITAS in rule.expression.fields for rule in rules]
        self.before: Callable[..., int] = made_function(rule_set, [not each for each in late], ())
        self.after: Callable[..., int] = made_function(rule_set, late, (AFTER_VERITAS,))
        #: Whether any rule looks at the answer of Veritas.
        self.has_late_rules = any(late)
        #: Highest rank of such a rule, shadow rules aside; 0 without one.
        effective = (
            rule for rule, is_late in zip(rules, late, strict=True) if is_late and not rule.shadow
        )
        self._late_rank = max((_RANKS[rule.then] for rule in effective), default=0)
        self.decide = lru_cache(REMEMBERED)(self._decide)
        self._rank = lru_cache(REMEMBERED)(self._rank_of)
        self._is_open = lru_cache(REMEMBERED)(self._declining_changes)
        self.hits = lru_cache(REMEMBERED)(self._hits)

    def needs_veritas(self, fired: int, given: tuple[Any, ...]) -> bool:
        """Whether the answer of Veritas can still change the outcome.

        ``fired`` is what `before` returned. Rules that name `veritas` are tried with both answers.
        Where neither changes the outcome, Veritas is not asked and these rules do not fire. Where
        one does, Veritas is asked, so that the verdict names the rules that fired by its answer.
        """
        if not self._late_rank:
            return self._is_open(fired)
        rank = self._rank(fired)
        if rank and rank >= self._late_rank:
            return False
        # A declined account more often has another outcome: then one evaluation is enough.
        return self._changes(fired, self.after(False, *given), False) or self._changes(
            fired, self.after(True, *given), True
        )

    def _declining_changes(self, fired: int) -> bool:
        """Likewise, where no rule that has an effect names `veritas`."""
        return self._changes(fired, 0, False)

    def _changes(self, fired: int, late: int, veritas: bool) -> bool:
        """Whether this answer, and what fires by it, decides otherwise than without any."""
        with_it, without = self.decide(fired | late, veritas), self.decide(fired, None)
        same = with_it.outcome == without.outcome and with_it.allowed_by == without.allowed_by
        return not same

    def _rank_of(self, fired: int) -> int:
        """How high in the precedence what fired is; 0 where points and Veritas decide."""
        found = self._sort(fired)
        if found.allow:
            return _RANKS["authorized"]
        if found.unauthorized:
            return _RANKS["unauthorized"]
        return _RANKS["review"] if found.review else 0

    def _decide(self, fired: int, veritas: bool | None) -> Decision:
        """What follows from the rules that fired and what Veritas answered (None: not asked)."""
        found = self._sort(fired)
        score, shadow, failed = found.score, found.shadow, found.failed
        if found.allow:
            return Decision("authorized", (), score, found.allow.name, shadow, failed)
        outcome: Outcome | None = None
        if found.unauthorized:
            outcome = "unauthorized"
        elif found.review:
            outcome = "review"
        else:
            outcome = _by_points(score, self.rule_set.thresholds)
        declined = veritas is False
        if outcome is None:
            outcome = "unauthorized" if declined else "authorized"
        if outcome == "authorized":
            return Decision("authorized", (), score, None, shadow, failed)
        reasons = found.against
        if found.error:
            reasons = (*reasons, "rule_error")
        if declined:
            reasons = (*reasons, "veritas_declined")
        return Decision(outcome, reasons, score, None, shadow, failed)

    def _hits(self, fired: int) -> tuple[str, ...]:
        """The rules that fired and are no shadow rules; allow rules are among them."""
        rules = enumerate(self._rules)
        return tuple(rule.name for index, rule in rules if fired >> index & 1 and not rule.shadow)

    def _sort(self, fired: int) -> _Fired:
        number = len(self._rules)
        allow: Rule | None = None
        unauthorized = review = error = False
        score: float = 0
        against, shadow, failed = [], [], []
        for index, rule in enumerate(self._rules):
            if fired >> (number + index) & 1:
                failed.append(rule.name)
                error = error or not rule.shadow
            if not fired >> index & 1:
                continue
            if rule.shadow:
                shadow.append(rule.name)
            elif rule.then == "authorized":
                allow = allow or rule
            else:
                unauthorized = unauthorized or rule.then == "unauthorized"
                review = review or rule.then == "review"
                score += rule.points
                if rule.then or rule.points > 0:
                    against.append(rule.name)
        return _Fired(
            allow=allow,
            unauthorized=unauthorized,
            review=review or error,
            error=error,
            score=score,
            against=tuple(against),
            shadow=tuple(shadow),
            failed=tuple(failed),
        )


def _by_points(score: float, thresholds: Thresholds) -> Outcome | None:
    if thresholds.unauthorized is not None and score >= thresholds.unauthorized:
        return "unauthorized"
    if thresholds.review is not None and score >= thresholds.review:
        return "review"
    return None
