"""`dead-letters show`: one dead letter with its headers and, on demand, its bytes."""

import base64
from collections.abc import Iterator
from typing import Any

import click
import faust
import orjson
from faust.cli import argument, option
from faust_transactions import headers_of
from rich.console import Console

from cli.dead_letters.letters import Letter, Letters, letter_of
from cli.support.blocking_command import JSON, BlockingCommand
from cli.support.errors import CommandError
from cli.support.moment import moment
from cli.support.output import PLAIN, write_bytes
from cluster import ClusterError, connect
from config import Settings
from lookup.account import find_letter
from lookup.bounded_read import Record
from lookup.errors import NoIdError
from records.printable.text import shown
from records.printable.untrusted_names import printable_id
from records.replay import REPLAY_OF

_LONGEST_HEADER = 300
_PAYLOAD = "Print key and value too. They are the input's own bytes and may hold a card number."


def add_show(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        argument("id_"),
        option("--payload", is_flag=True, help=_PAYLOAD),
        JSON,
        base=BlockingCommand,
        group=group,
        command_name="show",
    )
    def show_command(self: BlockingCommand, id_: str, payload: bool, as_json: bool) -> None:
        """Show the dead letter of the input with this ID."""
        json = as_json or self.json
        show_letters(settings, id_, payload=payload, json=json, console=self.console)


def show_letters(
    settings: Settings, letter_id: str, *, payload: bool, json: bool, console: Console
) -> None:
    """Print the dead letter with this id.

    Where its account is gone, all with this id: of a topic that was re-created there are several.
    JSON is one line for each; with `payload` it has `key` and `value` in base64. Raises
    CommandError when there is none, ClusterError.
    """
    connect(settings, timeout=0)
    for letter, record in _found(settings, letter_id):
        if json:
            document = _document(settings, letter, record, payload=payload)
            write_bytes(console.file, orjson.dumps(document) + b"\n")
        else:
            for line in _lines(settings, letter, record, payload=payload):
                console.print(line, **PLAIN)


def _found(settings: Settings, letter_id: str) -> Iterator[tuple[Letter, Record]]:
    """The letters with this id. Raises CommandError when there is none, ClusterError."""
    record = _found_directly(settings, letter_id)
    letter = record and letter_of(record, settings.accounts_topic)
    if record and letter:
        yield letter, record
        return
    letters, found = Letters(settings, [letter_id]), False
    for letter, record in letters.with_records():
        if letter.id == letter_id:
            found = True
            yield letter, record
    if not found:
        raise CommandError(_why_none(settings, letters, letter_id))


def _found_directly(settings: Settings, letter_id: str) -> Record | None:
    """By a search in its partition; None where that is not possible."""
    try:
        return find_letter(settings, letter_id)
    except (NoIdError, ClusterError):
        # An id of another stream, or no right to read the accounts: the whole topic tells.
        return None


def _why_none(settings: Settings, letters: Letters, letter_id: str) -> str:
    # It may be anything.
    name = printable_id(letter_id, settings.accounts_topic)
    if other := letters.others_named.get(letter_id):
        return f"{name} is of another stream, of topic {other}: use the settings of that stream"
    return f"no dead letter {name} in topic {settings.dead_letters_topic}"


def _document(
    settings: Settings, letter: Letter, record: Record, *, payload: bool
) -> dict[str, Any]:
    document = {
        **letter.document(),
        "headers": dict(_headers(settings, letter, record)),
        "key_bytes": _size(record.key()),
        "dead_letter": {"partition": letter.place[1], "offset": letter.offset},
    }
    if payload:
        document |= {"key": _base64(record.key()), "value": _base64(record.value())}
    return document


def _lines(settings: Settings, letter: Letter, record: Record, *, payload: bool) -> list[str]:
    lines = [
        f"Dead letter {letter.id}, failed at {moment(letter.failed_at)} (UTC)",
        f"  in {letter.place[0]}-{letter.place[1]} at offset {letter.offset}",
        *(f"  {name}: {content}" for name, content in _headers(settings, letter, record)),
    ]
    for name, content in (("key", record.key()), ("value", record.value())):
        size = "null" if content is None else f"{len(content):,} bytes"
        lines.append(f"  {name}: {size}")
        if payload and content is not None:
            lines.append(_as_text(content))
    if not payload:
        lines.append("  --payload prints key and value; they may hold a card number")
    return lines


def _headers(settings: Settings, letter: Letter, record: Record) -> list[tuple[str, str]]:
    """Without card numbers, as anybody may have written them."""
    return [
        (shown(name, _LONGEST_HEADER), _header(settings, letter, name, content or b""))
        for name, content in headers_of(record)
    ]


def _header(settings: Settings, letter: Letter, name: str, content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    if name == "failed_at" and text == str(letter.failed_at):
        # As many digits as a card number has, but it was read as a time.
        return text
    if name == REPLAY_OF:
        return printable_id(text, settings.accounts_topic)
    return shown(text, _LONGEST_HEADER)


def _as_text(content: bytes) -> str:
    """Everything that a terminal would not show as a character is escaped; lines stay lines."""
    text = content.decode("utf-8", "backslashreplace")
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _size(content: bytes | None) -> int | None:
    return None if content is None else len(content)
