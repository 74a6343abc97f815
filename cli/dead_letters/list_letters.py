"""`dead-letters list`."""

import heapq
from collections import Counter
from collections.abc import Iterator

import click
import faust
import orjson
from faust.cli import option
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.dead_letters.letters import Letter, Letters
from cli.dead_letters.selection import SELECTION_OPTIONS, SelectingCommand, Selection, not_found
from cli.support.blocking_command import JSON
from cli.support.moment import moment
from cli.support.numbers import dead_letters, number_of
from cli.support.output import PLAIN, write_bytes
from cluster import connect
from config import Settings

_DEFAULT_LIMIT = 100


def add_list(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        *SELECTION_OPTIONS,
        option(
            "--limit",
            type=click.IntRange(0),
            default=_DEFAULT_LIMIT,
            show_default=True,
            help="How many of the newest; 0 for all.",
        ),
        JSON,
        base=SelectingCommand,
        group=group,
        command_name="list",
    )
    def list_command(
        self: SelectingCommand, selection: Selection, limit: int, as_json: bool
    ) -> None:
        """List the newest dead letters, or those with these IDS."""
        json = as_json or self.json
        list_letters(settings, selection, limit=limit, json=json, console=self.console)


def list_letters(
    settings: Settings, wanted: Selection, *, limit: int, json: bool, console: Console
) -> None:
    """Print the newest `limit` dead letters (0: all), the newest last; raises ClusterError.

    JSON is one line for each. All of them as JSON are printed as they are read, partition by
    partition, so that memory does not grow with their number.
    """
    connect(settings, timeout=0)
    letters = Letters(settings)
    counted: Counter[str] = Counter()
    missing = set(wanted.ids or ())

    def chosen() -> Iterator[Letter]:
        for letter in letters:
            if wanted(letter):
                counted[letter.code] += 1
                missing.discard(letter.id)
                yield letter

    if json:
        for letter in _newest(chosen(), limit) if limit else chosen():
            write_bytes(console.file, orjson.dumps(letter.document()) + b"\n")
        return
    shown = _newest(chosen(), limit)
    if shown:
        console.print(_table(settings.dead_letters_topic, shown))
    _summarize(counted, len(shown), letters, console)
    if missing and counted:
        console.print(not_found(missing, settings.accounts_topic), **PLAIN)


def _newest(letters: Iterator[Letter], limit: int) -> list[Letter]:
    if not limit:
        return sorted(letters, key=_age)
    return heapq.nlargest(limit, letters, key=_age)[::-1]


def _age(letter: Letter) -> tuple[int, int, int]:
    return letter.failed_at, letter.place[1], letter.offset


def _table(topic: str, letters: list[Letter]) -> Table:
    table = Table(title=f"Dead letters of topic {topic}", title_justify="left")
    for name in ("id", "failed at (UTC)", "code", "detail", "replays"):
        table.add_column(name, overflow="fold")
    table.columns[-1].justify = "right"
    for letter in letters:
        count = 0 if letter.replay is None else letter.replay.times
        cells = (letter.id, moment(letter.failed_at), letter.code, letter.detail, str(count or ""))
        # Not as rich's markup: brackets in a detail are brackets.
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _summarize(counted: Counter[str], shown: int, letters: Letters, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, **PLAIN)

    total = counted.total()
    codes = ", ".join(f"{code} {number:,}" for code, number in counted.most_common())
    say(f"{dead_letters(total)}: {codes}" if total else letters.none)
    if shown < total:
        say(f"These are the newest {shown:,}; --limit 0 shows all.")
    for topic, number in letters.other_streams.most_common():
        letters_are = number_of(number, "dead letter is", "dead letters are")
        say(f"{letters_are} of another stream, of topic {topic}.")
    if letters.foreign:
        others = number_of(
            letters.foreign,
            "record of the topic is not a dead letter",
            "records of the topic are not dead letters",
        )
        say(f"{others}.")
