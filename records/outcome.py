"""The three outcomes of a verdict, and the reasons that no rule has to be named for."""

from typing import Final, Literal, get_args

Outcome = Literal["authorized", "review", "unauthorized"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

STANDING_REASONS: Final = frozenset({"rule_error", "veritas_declined"})
"""Reasons that every rule set has; no rule has such a name."""
