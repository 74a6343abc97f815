"""An explanation for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.support.output import PLAIN

_ANSWERS = {True: "authorized it", False: "declined it", None: "was not asked"}


def show(document: Mapping[str, Any], console: Console) -> None:
    """Print the outcome, the rules that fired, and whether judging again gives the same."""
    for line in _head(document):
        console.print(line, **PLAIN)
    if document["fired"]:
        console.print(_table(document["fired"]))
    elif document["again"] is not None:
        console.print("No rule fired.", **PLAIN)
    console.print(_last(document), **PLAIN)


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    verdict, rules, letter = document["verdict"], document["rules"], document["dead_letter"]
    if letter is not None:
        yield f"{document['id']}: dead letter {letter['error']}: {letter['detail']}"
        yield f"failed at {moment(letter['failed_at'])}"
    elif verdict is None:
        yield f"{document['id']}: {document['status']}"
    else:
        reasons = ", ".join(verdict["reasons"])
        because = f" ({reasons})" if reasons else ""
        allowed = f", allowed by {verdict['allowed_by']}" if verdict["allowed_by"] else ""
        yield f"{document['id']}: {verdict['outcome']}{because}{allowed}"
        yield f"card {verdict['card']}, amount {verdict['amount']:,}, points {verdict['score']:g}"
        yield f"judged at {moment(verdict['verified_at'])} by {_rules(rules)}"
        yield f"Veritas {_ANSWERS[verdict['veritas']]}"


def _rules(rules: Mapping[str, Any]) -> str:
    if not rules["known"]:
        return f"rules {rules['version']}"
    if rules["since"] is None:
        return f"the built-in rules, {rules['version']}"
    note = f": {rules['note']}" if rules["note"] else ""
    published = f"published at {moment(rules['since'])} by {rules['author']}"
    return f"rules {rules['version']}, {published}{note}"


def _table(fired: list[Mapping[str, Any]]) -> Table:
    table = Table()
    for name in ("rule", "gives", "when", "values"):
        table.add_column(name, overflow="fold")
    for one in fired:
        gives = one["then"] or f"{one['points']:g} points"
        if one["shadow"]:
            gives += ", shadow"
        if one["failed"]:
            gives = "could not be evaluated"
        values = ", ".join(f"{name}={_value(value)}" for name, value in one["values"].items())
        # Not as rich's markup: brackets in a condition are brackets.
        table.add_row(*map(Text, (one["rule"], gives, one["when"], values)))
    return table


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _last(document: Mapping[str, Any]) -> str:
    again, remark = document["again"], document["remark"]
    if again is None:
        judged = "Not judged again: " if document["status"] == "judged" else ""
        return f"{judged}{remark}."
    if again["same"]:
        return "Judging it again gives the same."
    reasons = ", ".join(again["reasons"])
    because = f" ({reasons})" if reasons else ""
    return f"Judging it again gives another result: {again['outcome']}{because}."


def moment(time_ms: int) -> str:
    """A time in ms since the epoch as text, in UTC."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
