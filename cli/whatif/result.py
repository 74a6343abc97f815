"""What trying a rule set gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli.whatif.accounts_file import NotAnAccount
from cli.whatif.join import LeftOut
from cli.whatif.limit import MaxFlips
from cli.whatif.tally import Tally


@dataclass(frozen=True)
class WhatIf:
    """The result of trying a rule set."""

    file: str
    #: The version of the rule set that was tried.
    version: str
    tally: Tally
    left_out: LeftOut
    #: Lines of `--accounts` that are no accounts.
    not_accounts: int
    #: The first of them.
    first_not_accounts: Sequence[NotAnAccount]
    #: One account of so many was judged anew.
    one_in: int
    #: Partitions that could not be read to their ends, and how far.
    stopped_at: dict[tuple[str, int], int]
    max_flips: MaxFlips | None
    seconds: float

    @property
    def is_failure(self) -> bool:
        """Whether the exit code is 1: too many flips, or lines of the file that test nothing."""
        return self.is_exceeded or self.not_accounts > 0

    @property
    def is_exceeded(self) -> bool:
        """Whether there are more flips than `--max-flips` allows; unknown outcomes may be flips."""
        tally = self.tally
        flips = tally.flips + tally.unknown
        return self.max_flips is not None and self.max_flips.is_exceeded(flips, tally.compared)
