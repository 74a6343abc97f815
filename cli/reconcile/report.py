"""Prints a reconciliation as a table and lists, or as one JSON document."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.reconcile.findings import Findings, Listing
from cli.reconcile.reading import Reconciliation
from cli.reconcile.remarks import remarks
from cli.support.numbers import number_of

_COLUMNS = ("accounts", "verdicts", "dead_letters", "pending", "unverifiable")
_LISTED = ("missing", "duplicate", "orphaned")
#: Columns only where there is something to count.
_RARE = ("lost", "former")


def document(result: Reconciliation) -> dict[str, Any]:
    """All that was found; `proven` agrees with the exit code."""
    whole = result.whole
    return {
        "proven": result.proven,
        "topic": result.topic.name,
        "topic_id": result.topic.topic_id,
        **_counts(whole),
        **{name: _listed(getattr(whole, name)) for name in _LISTED},
        "partitions": {
            str(partition): {"first_offset": result.begins.get(partition, 0)}
            | _counts(found)
            | {name: getattr(found, name).total for name in _LISTED}
            for partition, found in result.partitions.items()
        },
        "mismatches": {
            str(partition): {
                "next_offset": position.next_offset,
                "topic": None if position.topic is None else position.topic.name,
                "topic_id": None if position.topic is None else position.topic.topic_id,
            }
            for partition, position in result.mismatches.items()
        },
        "other_streams": dict(result.other_streams),
        "keys": dict(result.keys),
        "outcomes": dict(result.outcomes),
        "open_transactions": {
            f"{topic}-{partition}": offset
            for (topic, partition), offset in result.stopped_at.items()
        },
        "seconds": round(result.seconds, 3),
    }


def show(result: Reconciliation, console: Console) -> None:
    """Print a table of the partitions, remarks, the ids found, and a conclusion."""
    console.print(_table(result))
    if result.whole.verdicts:
        outcomes = ", ".join(f"{number:,} {name}" for name, number in result.outcomes.items())
        console.print(f"Verdicts by outcome: {outcomes}.", highlight=False, soft_wrap=True)
    for remark in remarks(result):
        console.print(remark, markup=False, highlight=False, soft_wrap=True)
    for name in _LISTED:
        _show_ids(console, name, getattr(result.whole, name))
    console.print(_conclusion(result), markup=False, highlight=False, soft_wrap=True)


def _table(result: Reconciliation) -> Table:
    columns = [*_COLUMNS, *(name for name in _RARE if getattr(result.whole, name)), *_LISTED]
    table = Table(title=f"Accounts of topic {result.topic.name}", title_justify="left")
    for name in ("partition", *columns):
        table.add_column(name.replace("_", " "), justify="right")
    for partition, found in result.partitions.items():
        table.add_row(str(partition), *_cells(found, columns))
    table.add_section()
    table.add_row("total", *_cells(result.whole, columns), style="bold")
    return table


def _counts(found: Findings) -> dict[str, Any]:
    counts: dict[str, Any] = {name: getattr(found, name) for name in _COLUMNS + _RARE}
    deleted = ("accounts_deleted", "outcomes_deleted", "offsets_deleted")
    return counts | {"unverifiable": {name: getattr(found, name) for name in deleted}}


def _listed(listing: Listing) -> dict[str, Any]:
    return {"total": listing.total, "ids": listing.ids}


def _cells(found: Findings, columns: Iterable[str]) -> list[str]:
    values = (getattr(found, name) for name in columns)
    return [f"{value.total if isinstance(value, Listing) else value:,}" for value in values]


def _show_ids(console: Console, name: str, listing: Listing) -> None:
    for one in listing.ids:
        console.print(f"{name}: {one}", markup=False, highlight=False, soft_wrap=True)
    if listing.unlisted:
        console.print(f"{name}: and {listing.unlisted:,} more", highlight=False)


def _conclusion(result: Reconciliation) -> str:
    whole = result.whole
    if result.proven:
        left = whole.unverifiable
        of_the_rest = f", but {number_of(left, 'is', 'are')} unverifiable" if left else ""
        found = f"nothing is missing, duplicate or orphaned{of_the_rest}"
    else:
        counts: Mapping[str, int] = {
            **{name: getattr(whole, name).total for name in _LISTED},
            **{name: getattr(whole, name) for name in _RARE if getattr(whole, name)},
        }
        names = {"former": "of a former topic"}
        found = ", ".join(f"{number:,} {names.get(name, name)}" for name, number in counts.items())
        found = f"not proven: {found}"
    return f"{number_of(whole.accounts, 'account', 'accounts')} in {result.seconds:.1f} s: {found}."
