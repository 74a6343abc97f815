"""`--max-flips`: how many flips are too many."""

from __future__ import annotations

import re
from typing import NamedTuple

import click

_LIMIT = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?(%?)", re.ASCII)


class MaxFlips(NamedTuple):
    """A number of accounts, or a share of those that are compared."""

    text: str
    number: float
    is_share: bool

    def is_exceeded(self, flips: int, compared: int) -> bool:
        """Whether there are more flips, or nothing was compared: then the rules are untried."""
        if not compared:
            return True
        return flips > (self.number * compared / 100 if self.is_share else self.number)


class MaxFlipsParameter(click.ParamType):
    """`0.5%` of the accounts that are compared, or `20` accounts."""

    name = "number or percentage"

    def convert(
        self, value: str | MaxFlips, param: click.Parameter | None, ctx: click.Context | None
    ) -> MaxFlips:
        """Parse it; a usage error when it is neither."""
        if isinstance(value, MaxFlips):
            return value
        found = _LIMIT.fullmatch(value)
        if found is None or (found[2] and not found[3]):
            self.fail(f"{value!r} is neither a number nor a share: write 20, or 0.5%", param, ctx)
        number = float(f"{found[1]}.{found[2] or 0}")
        if found[3] and number > 100:
            self.fail(f"{value!r} is more than 100%", param, ctx)
        return MaxFlips(value, number, bool(found[3]))
