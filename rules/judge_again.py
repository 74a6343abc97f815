"""Judging an account anew, by the answer of Veritas that was recorded."""

from __future__ import annotations

from typing import Any, NamedTuple

from rules.compiled import CompiledRules, Decision

__all__ = ["Again", "Given", "judge_again"]

#: The fields of `rules.fields.GIVEN` by position.
Given = tuple[Any, ...]


class Again(NamedTuple):
    """What a rule set says about an account that was judged before."""

    #: As `CompiledRules.before` and `after` return it.
    fired: int
    #: Whether the answer of Veritas can change the outcome.
    asks: bool
    #: None: Veritas would be asked, and no answer is recorded.
    decision: Decision | None


def judge_again(compiled: CompiledRules, given: Given, veritas: bool | None) -> Again:
    """Judge by the functions that the worker uses; ``veritas`` is the recorded answer, if any.

    A recorded answer that the rules no longer ask for has no effect, as if it were not there.
    """
    fired = compiled.before(*given)
    if not compiled.needs_veritas(fired, given):
        return Again(fired, False, compiled.decide(fired, None))
    if veritas is None:
        return Again(fired, True, None)
    if compiled.has_late_rules:
        fired |= compiled.after(veritas, *given)
    return Again(fired, True, compiled.decide(fired, veritas))
