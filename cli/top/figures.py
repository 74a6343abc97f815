"""How the tables of `top` show figures."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table

#: In place of a figure that is unknown.
UNKNOWN: Final = "-"
#: In place of the owner of a partition that has none.
NO_OWNER: Final = "unassigned"


def number(value: int | None) -> str:
    """A number with commas."""
    return UNKNOWN if value is None else f"{value:,}"


def rate(rates: Iterable[float]) -> str:
    """The sum of the known rates."""
    known = list(rates)
    return f"{sum(known):,.0f}" if known else UNKNOWN


def share(part: int, whole: int) -> str:
    """In percent; unknown for a whole of 0."""
    return f"{100 * part / whole:.1f} %" if whole else UNKNOWN


def table(*right: str) -> Table:
    """A table without lines; `right` are its first columns, which hold numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in right:
        made.add_column(name, justify="right", no_wrap=True)
    return made
