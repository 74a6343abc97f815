"""Figures as the tables of `top` have them."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table

#: What stands where a figure is not known.
NOT_KNOWN: Final = "-"
#: Where a partition has no owner.
NOBODY: Final = "nobody"


def number(value: int | None) -> str:
    """With commas."""
    return NOT_KNOWN if value is None else f"{value:,}"


def rate(rates: Iterable[float]) -> str:
    """The sum of those that are known."""
    known = list(rates)
    return f"{sum(known):,.0f}" if known else NOT_KNOWN


def share(part: int, whole: int) -> str:
    """In percent; not known of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else NOT_KNOWN


def table(*right: str) -> Table:
    """A table without lines, and its first columns, which are numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in right:
        made.add_column(name, justify="right", no_wrap=True)
    return made
