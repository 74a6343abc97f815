"""What changed: as one JSON document, or as tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.support.numbers import number_of
from cli.support.output import PLAIN
from cli.whatif.before import AFTER, BEFORE, NEW, UNKNOWN
from cli.whatif.remarks import remarks
from cli.whatif.result import WhatIf
from cli.whatif.tally import Example, RuleFlips, Sum
from records.printable.text import shown

_LONGEST_NAME = 64


def document(result: WhatIf) -> dict[str, Any]:
    """All that was found; the exit code is 1 if `exceeded`, or where there are `not_accounts`."""
    tally = result.tally
    return {
        "file": result.file,
        "version": result.version,
        "compared": tally.compared,
        "flips": tally.flips,
        "unknown": tally.unknown,
        "other_reasons": tally.other_reasons,
        "max_flips": None if result.max_flips is None else result.max_flips.text,
        "exceeded": result.is_exceeded,
        "matrix": {
            before: {after: _sum(tally.matrix[before, after]) for after in AFTER}
            for before in BEFORE
        },
        "veritas": {"asked_before": tally.asked_before, "asked_after": tally.asked_after},
        "flips_by_rule": {
            _name(name): {"now": _sum(found.now), "no_longer": _sum(found.no_longer)}
            for name, found in tally.by_rule.items()
        },
        "hits": tally.hits,
        "failures": tally.failures,
        "examples": [_example(one) for one in tally.examples],
        "versions": {_name(version): count for version, count in tally.versions.items()},
        "left_out": asdict(result.left_out) | {"not_accounts": result.not_accounts},
        "not_accounts": [one._asdict() for one in result.first_not_accounts],
        "one_in": result.one_in,
        "open_transactions": {
            f"{topic}-{partition}": offset
            for (topic, partition), offset in result.stopped_at.items()
        },
        "seconds": round(result.seconds, 3),
    }


def show(result: WhatIf, console: Console) -> None:
    """Print the matrix, the flips by rule, examples, remarks and a conclusion."""
    tally = result.tally
    tried = f"{_id(result.file)}, version {result.version}"
    console.print(f"Outcomes before (rows) and by {tried} (columns):", **PLAIN)
    console.print(_matrix(result))
    if tally.by_rule:
        console.print(_by_rule(tally.by_rule))
    if tally.examples:
        console.print(_examples(tally.examples))
    for remark in remarks(result):
        console.print(remark, **PLAIN)
    console.print(conclusion(result), **PLAIN)


def conclusion(result: WhatIf) -> str:
    """The last line."""
    tally = result.tally
    flips = number_of(tally.flips, "outcome flips", "outcomes flip")
    unknown = f", {tally.unknown:,} unknown" if tally.unknown else ""
    limit = ""
    failures = []
    if result.max_flips is not None and not tally.compared:
        failures.append("nothing was compared")
    elif result.max_flips is not None:
        more = "more than" if result.is_exceeded else "within"
        limit = f": {more} {result.max_flips.text}"
    if result.not_accounts:
        lines = number_of(result.not_accounts, "line is", "lines are")
        failures.append(f"{lines} no account")
    failed = f"; failed, as {' and '.join(failures)}" if failures else ""
    compared = number_of(tally.compared, "account", "accounts")
    return f"{compared} in {result.seconds:.1f} s: {flips}{unknown}{limit}{failed}."


def _matrix(result: WhatIf) -> Table:
    table = Table()
    table.add_column("before")
    for name in AFTER:
        table.add_column(name, justify="right")
    matrix = result.tally.matrix
    for before in BEFORE:
        cells = [matrix[before, after] for after in AFTER]
        if before != NEW or any(cell.count for cell in cells):
            flips = [before not in (NEW, after) for after in AFTER]
            texts = (_cell(cell, flip) for cell, flip in zip(cells, flips, strict=True))
            table.add_row(before, *texts)
    return table


def _cell(cell: Sum, flip: bool) -> Text:
    return Text(f"{cell.count:,}", style="bold" if flip and cell.count else "")


def _by_rule(found: dict[str, RuleFlips]) -> Table:
    table = Table(title="Flips by rule", title_justify="left")
    for name in ("rule", "speaks now", "amount", "no longer", "amount"):
        table.add_column(name, justify="left" if name == "rule" else "right")
    ordered = sorted(found.items(), key=lambda each: -each[1].now.count - each[1].no_longer.count)
    for name, flips in ordered:
        cells = (f"{flips.now.count:,}", _amount(flips.now.amount))
        gone = (f"{flips.no_longer.count:,}", _amount(flips.no_longer.amount))
        table.add_row(Text(_name(name)), *cells, *gone)
    return table


def _examples(examples: list[Example]) -> Table:
    table = Table(title="Examples", title_justify="left")
    for name in ("id", "card", "amount", "before", "after"):
        table.add_column(name, overflow="fold")
    for one in examples:
        before, after = _outcome(one.before, one.reasons_before), one.after
        if after != UNKNOWN:
            after = _outcome(one.after, one.reasons_after)
        cells = (_id(one.id), _name(one.card), _amount(one.amount), before, after)
        table.add_row(*map(Text, cells))
    return table


def _outcome(outcome: str, reasons: tuple[str, ...]) -> str:
    return f"{outcome}: {', '.join(map(_name, reasons))}" if reasons else outcome


def _example(one: Example) -> dict[str, Any]:
    return one._asdict() | {
        "card": _name(one.card),
        "reasons_before": [_name(reason) for reason in one.reasons_before],
    }


def _sum(found: Sum) -> dict[str, Any]:
    return {"count": found.count, "amount": round(found.amount, 2)}


def _amount(amount: float) -> str:
    return f"{amount:,.2f}" if abs(amount) < 10**15 else f"{amount:.3g}"


def _name(text: str) -> str:
    """A text from the topic, fit to be shown: anybody may write there."""
    return shown(text, _LONGEST_NAME)


def _id(text: str) -> str:
    """Made of a topic's name and two numbers, or of a file's name and one."""
    return "".join(each if each.isprintable() else "?" for each in text)
