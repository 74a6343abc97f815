"""`rules list`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import faust
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.rules.versions import active
from cli.support.blocking_command import JSON, BlockingCommand
from cluster import connect
from cluster.reading.publications import read_entries
from config import Settings
from records.printable.text import shown
from rules.ruleset import LONGEST_NOTE
from rules.versions.publication import LONGEST_AUTHOR, Entry, Publication

# In the table.
_AUTHOR_WIDTH = 40
_NOTE_WIDTH = 200
_LONGEST_FILE = 200


def add_list(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(JSON, base=BlockingCommand, group=group, command_name="list")
    def list_command(self: BlockingCommand, as_json: bool) -> None:
        """List what was published: version, time, author and note, oldest first."""
        connect(settings, timeout=0)
        entries = read_entries(settings)
        now = active(entries)
        if as_json or self.json:
            self.write_json([document(each, now) for each in entries])
        else:
            show(entries, now, self.console)


def show(entries: Sequence[Entry], now: Publication, console: Console) -> None:
    """Print the records of the topic as a table; ``now`` is what is judged by."""
    if not entries:
        console.print(f"Nothing was published; the built-in rules, {now.version}, are active.")
        return
    table = Table()
    for name in ("version", "published (UTC)", "author", "note", ""):
        table.add_column(name, no_wrap=name in ("version", "published (UTC)"))
    is_active = [entry.publication == now for entry in entries]
    for index, entry in enumerate(entries):
        # Whatever follows the active one was passed over.
        state = "active" if is_active[index] else "" if any(is_active[index:]) else "cannot be used"
        table.add_row(*(Text(each) for each in _row(entry)), state)
    console.print(table)
    if not any(is_active):
        console.print(f"None of them can be used: the built-in rules, {now.version}, are active.")


def _row(entry: Entry) -> tuple[str, str, str, str]:
    found = entry.publication
    if found is None:
        return f"no rule set (offset {entry.offset})", "", "", ""
    at = datetime.fromtimestamp(found.published_at / 1000, UTC)
    author, note = shown(found.author, _AUTHOR_WIDTH), shown(found.note, _NOTE_WIDTH)
    return found.version, f"{at:%Y-%m-%d %H:%M:%S}", author, note


def document(entry: Entry, now: Publication) -> dict[str, Any]:
    """A record of the topic for `--json`; without card numbers, whoever wrote it."""
    found = entry.publication
    known = {"offset": entry.offset, "version": None, "active": found == now}
    if found is None:
        return known
    return {
        **known,
        "version": found.version,
        "published_at": found.published_at,
        "author": shown(found.author, LONGEST_AUTHOR),
        "note": shown(found.note, LONGEST_NOTE),
        "program": shown(found.program),
        "files": sorted(shown(name, _LONGEST_FILE) for name in found.files),
    }
