"""`dead-letters list`."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.dead_letters.letters import Letter, Letters, Wanted
from cluster import connect
from config.settings import Settings


def list_letters(
    settings: Settings, wanted: Wanted, *, limit: int, json: bool, console: Console
) -> None:
    """Shows the newest `limit` dead letters (0: all), the newest last; raises ClusterError.

    As JSON it is a line for each. When all are wanted as JSON they come as they are read, in the
    order of their partitions, so that it takes no memory.
    """
    connect(settings, patience=0)
    letters = Letters(settings)
    counted: Counter[str] = Counter()

    def chosen() -> Iterator[Letter]:
        for letter in letters:
            if wanted(letter):
                counted[letter.code] += 1
                yield letter

    if json:
        write = console.file.write
        for letter in _newest(chosen(), limit) if limit else chosen():
            write(orjson.dumps(letter.document()).decode() + "\n")
        return
    shown = _newest(chosen(), limit)
    if shown:
        console.print(_table(settings.dead_letters_topic, shown))
    _summarize(counted, len(shown), letters.foreign, console.print)


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


def moment(time_ms: int) -> str:
    """A time in ms since the epoch for people, in UTC; the number itself when it is no time."""
    try:
        return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return str(time_ms)


def _summarize(counted: Counter[str], shown: int, foreign: int, say: Callable[[str], None]) -> None:
    total = counted.total()
    codes = ", ".join(f"{code} {number:,}" for code, number in counted.most_common())
    say(f"{total:,} dead letters: {codes}" if total else "No dead letters.")
    if shown < total:
        say(f"These are the newest {shown:,}; --limit 0 shows all.")
    if foreign:
        say(f"{foreign:,} records of the topic are no dead letters of ours.")
