"""The table of partitions in `top`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.top.figures import NO_OWNER, UNKNOWN, number, rate, table
from records.printable.text import shown
from records.totals import ENDINGS

# A host name is no longer (RFC 1035), and a port has five digits.
_LONGEST_NAME = 260


def partitions_table(document: Mapping[str, Any], lines: int | None) -> RenderableType:
    """A line for each, `lines` at most: sums up those with the smallest lag in one line."""
    partitions = document["partitions"]
    counts = _counts(partitions)
    drawn = table("part.", *counts.values(), "lag", "acc./s")
    # Only this column is cut: a number that is cut is a wrong number.
    drawn.expand = True
    drawn.add_column("owner", no_wrap=True, overflow="ellipsis", ratio=1)
    shown_ones, hidden = _fitting(partitions, lines)
    rates = document["per_second"]
    for one in shown_ones:
        partition = one["partition"]
        drawn.add_row(
            str(partition),
            *(number(one[name]) for name in (*counts, "lag")),
            rate([rates[partition]] if partition in rates else []),
            _owner(one["owner"]),
        )
    if hidden:
        drawn.add_row(*_summed_up(hidden, counts, rates), style="dim")
    if not partitions:
        drawn.add_row(UNKNOWN, *[""] * 5, "no accounts topic yet")
    return drawn


def _counts(partitions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Names and heads of the counts; review only where there is any, as 80 columns are few."""
    heads = {**{name: name for name in ENDINGS}, "dead_letters": "dead"}
    if not any(one["review"] for one in partitions):
        del heads["review"]
    return heads


def _fitting(
    partitions: list[dict[str, Any]], lines: int | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if lines is None or len(partitions) <= lines:
        return partitions, []
    by_lag = sorted(partitions, key=lambda one: -(one["lag"] or 0))
    chosen = {one["partition"] for one in by_lag[: max(0, lines - 1)]}
    return (
        [one for one in partitions if one["partition"] in chosen],
        [one for one in partitions if one["partition"] not in chosen],
    )


def _summed_up(
    hidden: list[dict[str, Any]], names: Iterable[str], rates: Mapping[int, float]
) -> list[str]:
    sums = [number(sum(one[name] for one in hidden)) for name in names]
    lags = [one["lag"] for one in hidden if one["lag"] is not None]
    per_second = rate(rates[one["partition"]] for one in hidden if one["partition"] in rates)
    return [
        f"+{len(hidden)}",
        *sums,
        number(sum(lags) if lags else None),
        per_second,
        "more partitions",
    ]


def _owner(worker: str | None) -> Text:
    """Without the host's domain, so that the port at the end is not cut."""
    if worker is None:
        return Text(UNKNOWN, style="dim")
    if not worker:
        return Text(NO_OWNER, style="bold red")
    host, colon, port = shown(worker, _LONGEST_NAME).rpartition(":")
    return Text(
        host.partition(".")[0] + colon + port if host[:1].isalpha() else host + colon + port
    )
