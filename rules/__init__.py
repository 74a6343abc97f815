"""Pure judging: what makes an account acceptable, and the reasons when it is not."""

from rules.builtin import REASONS, Answer, answered, screen

__all__ = ["REASONS", "Answer", "answered", "screen"]
