"""Draws what `top` shows, from a document alone."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.top.figures import number, rate, share
from cli.top.figures import table as columns
from cli.top.last_verdicts import verdicts_table
from cli.top.layout import HEADED, TOTALS, causes_lines, is_low, table_lines
from cli.top.partitions import partitions_table
from cli.top.state_lines import state_lines
from cli.top.trend import Trend

_BAR: Final = 10


def picture(document: Mapping[str, Any], height: int | None = None) -> RenderableType:
    """The whole picture as one renderable, for 80 columns or more and `height` lines where given.

    The document is that of `records.totals.progress_document`, with what `cli.top.board.Board`
    adds. `cli.top.layout` decides what a short screen drops.
    """
    low = is_low(height)
    above = [*state_lines(document, short=low), _totals(document)]
    if not low:
        above.append(Trend(document["rates"]))
    taken = len(above) - 1 + TOTALS
    below: list[RenderableType] = []
    if (most := causes_lines(height)) != 0:
        causes = _causes(document, most)
        taken += HEADED + causes.row_count
        below += [Text(), causes]
    lines = table_lines(height, taken, len(document["partitions"]))
    if lines.verdicts:
        below += [Text(), verdicts_table(document["verdicts"], lines.verdicts)]
    return Group(*above, Text(), partitions_table(document, lines.partitions), *below)


def _totals(document: Mapping[str, Any]) -> RenderableType:
    counts = document["counts"]
    total = counts["total"]
    authorized = number(counts["authorized"])
    table = Table.grid(padding=(0, 4, 0, 0))
    table.add_row(
        _figure("accounts", number(total)),
        _figure("authorized", f"{authorized} ({share(counts['authorized'], total)})"),
    )
    table.add_row(
        _figure("accounts/s", rate(document["per_second"].values())),
        Text("    ").join(
            _figure(outcome, number(counts[outcome])) for outcome in ("unauthorized", "review")
        ),
    )
    table.add_row(
        _figure("to be judged", number(document["lag"])),
        _figure("dead letters", number(counts["dead_letters"])),
    )
    return table


def _causes(document: Mapping[str, Any], most: int | None) -> Table:
    """Reasons beside codes, the most frequent first, in `most` lines."""
    reasons = _first(document["reasons"], most)
    codes = _first(document["codes"], most)
    table = columns()
    table.add_column("reason")
    for name in ("verdicts", "share"):
        table.add_column(name, justify="right")
    table.add_column("", width=_BAR)
    table.add_column("dead letters by code")
    table.add_column("", justify="right")
    refused = document["counts"]["unauthorized"] + document["counts"]["review"]
    left = [(Text(name), number(n), share(n, refused), _bar(n, refused)) for name, n in reasons]
    right = [(Text(name), number(n)) for name, n in codes]
    for reason, code in zip_longest(left, right):
        table.add_row(*(reason or [""] * 4), *(code or [""] * 2))
    return table


def _first(numbers: Mapping[str, int], most: int | None) -> list[tuple[str, int]]:
    entries = list(numbers.items())
    if most is None or len(entries) <= most:
        return entries
    rest = entries[most - 1 :]
    return [*entries[: most - 1], (f"{len(rest)} others", sum(n for _, n in rest))]


def _figure(name: str, value: str) -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, "bold"))


def _bar(part: int, whole: int) -> str:
    return "█" * round(_BAR * part / whole) if whole else ""
