"""How a reconciliation is told: as tables and lists, or as one JSON document."""

from typing import Any

from rich.console import Console
from rich.table import Table

from cli.reconcile.ledger import Findings, Listing
from cli.reconcile.reading import Reconciliation

_COLUMNS = ("accounts", "verdicts", "dead_letters", "pending")
_FAULTS = ("missing", "duplicate", "orphaned")


def document(result: Reconciliation) -> dict[str, Any]:
    """All that was found; `proven` is what the exit code says."""
    whole = result.whole
    return {
        "proven": whole.proven,
        "topic": result.topic,
        **_counts(whole),
        **{name: _listed(getattr(whole, name)) for name in _FAULTS},
        "partitions": {
            str(partition): {"first_offset": result.begins.get(partition, 0)}
            | _counts(found)
            | {name: getattr(found, name).total for name in _FAULTS}
            for partition, found in result.partitions.items()
        },
        "open_transactions": {
            f"{topic}-{partition}": offset
            for (topic, partition), offset in result.stopped_at.items()
        },
        "seconds": round(result.seconds, 3),
    }


def show(result: Reconciliation, console: Console) -> None:
    """The same for people."""
    table = Table(title=f"Accounts of topic {result.topic}", title_justify="left")
    for name in ("partition", *_COLUMNS, "unverifiable", *_FAULTS):
        table.add_column(name.replace("_", " "), justify="right")
    for partition, found in result.partitions.items():
        table.add_row(str(partition), *_cells(found))
    table.add_section()
    table.add_row("total", *_cells(result.whole), style="bold")
    console.print(table)
    for remark in _remarks(result):
        console.print(remark, markup=False, highlight=False)
    for name in _FAULTS:
        _show_ids(console, name, getattr(result.whole, name))
    console.print(_conclusion(result), markup=False, highlight=False)


def _counts(found: Findings) -> dict[str, Any]:
    gone = {"accounts_deleted": found.accounts_deleted, "outcomes_deleted": found.outcomes_deleted}
    return {name: getattr(found, name) for name in _COLUMNS} | {"unverifiable": gone}


def _listed(listing: Listing) -> dict[str, Any]:
    return {"total": listing.total, "ids": listing.ids}


def _cells(found: Findings) -> list[str]:
    beyond = found.accounts_deleted + found.outcomes_deleted
    counts = [getattr(found, name) for name in _COLUMNS] + [beyond]
    return [f"{n:,}" for n in (*counts, *(getattr(found, name).total for name in _FAULTS))]


def _remarks(result: Reconciliation) -> list[str]:
    whole = result.whole
    remarks = [
        f"{result.topic}-{partition} begins at offset {begin:,}: the accounts before it are "
        "deleted and not part of this proof."
        for partition, begin in result.begins.items()
        if begin
    ]
    if whole.pending:
        pending = _number(whole.pending, "account is", "accounts are")
        remarks.append(f"{pending} pending: the stream has not come so far.")
    if whole.accounts_deleted:
        gone = _number(whole.accounts_deleted, "outcome is", "outcomes are")
        remarks.append(
            f"{gone} unverifiable: the retention of the accounts topic deleted what was judged."
        )
    if whole.outcomes_deleted:
        gone = _number(whole.outcomes_deleted, "account is", "accounts are")
        remarks.append(
            f"{gone} unverifiable: retention may have deleted the verdict or dead letter."
        )
    remarks += [
        f"{topic}-{partition} was read up to offset {offset} only: a transaction is open there."
        for (topic, partition), offset in result.stopped_at.items()
    ]
    return remarks


def _show_ids(console: Console, name: str, listing: Listing) -> None:
    for one in listing.ids:
        console.print(f"{name}: {one}", markup=False, highlight=False)
    if listing.unlisted:
        console.print(f"{name}: and {listing.unlisted:,} more", highlight=False)


def _conclusion(result: Reconciliation) -> str:
    whole = result.whole
    if whole.proven:
        beyond = whole.accounts_deleted + whole.outcomes_deleted
        of_the_rest = f", but {_number(beyond, 'is', 'are')} unverifiable" if beyond else ""
        found = f"nothing is missing, duplicate or orphaned{of_the_rest}"
    else:
        found = ", ".join(f"{getattr(whole, name).total:,} {name}" for name in _FAULTS)
    accounts = _number(whole.accounts, "account", "accounts")
    return f"{accounts} in {result.seconds:.1f} s: {found}."


def _number(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
