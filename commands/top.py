"""`top`: the group's progress at a terminal, for those who have no browser at hand."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live

from cluster import ClusterError, Progress, Watch, connect
from commands.errors import CommandError
from commands.interruption import interruption
from commands.top_picture import picture
from commands.top_rates import Rates
from records.totals import progress_document
from setting_values import broker_addresses
from settings import Settings

_EVERY = 1.0
_PRINTED_WIDTH = 120


class Board:
    """Turns looks into documents; keeps what was seen last while there is nothing to see."""

    def __init__(
        self,
        settings: Settings,
        look: Callable[[], Progress],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        brokers = ",".join(broker_addresses(settings.broker))
        self._title = f"{settings.app_id}: topic {settings.accounts_topic} on {brokers}"
        self._look = look
        self._clock = clock
        self._rates = Rates()
        self._seen = Progress({}, {}, {})

    def document(self) -> dict[str, Any]:
        """A new look, or the last one that succeeded and what the problem is."""
        problem = None
        try:
            self._seen = self._look()
        except ClusterError as exc:
            problem = str(exc)
        else:
            done = {partition: row.next_offset for partition, row in self._seen.rows.items()}
            self._rates.add(self._clock(), done)
        return {
            "title": self._title,
            "at": time.time(),
            "problem": problem,
            "per_second": {} if problem else self._rates.per_second,
            **progress_document(
                self._seen.rows,
                self._seen.begins,
                self._seen.ends,
                owners=None if problem else self._seen.owners,
            ),
        }


def show_once(settings: Settings, console: Console) -> None:
    """Prints one picture. Raises ClusterError."""
    connect(settings, patience=0)
    watch = Watch(settings)
    try:
        seen = watch.look(timeout=10.0)
        width = console.width if console.is_terminal else _PRINTED_WIDTH
        console.print(picture(Board(settings, lambda: seen).document()), width=width)
    finally:
        watch.close()


def watch_on(settings: Settings, console: Console) -> None:
    """Draws a picture each second until Ctrl-C or SIGTERM, and gives the terminal back as it was.

    Brokers that go away are told and waited for. Raises ClusterError when none answers at the
    beginning, CommandError when the console is no terminal.
    """
    if not console.is_terminal:
        raise CommandError("this is no terminal: --once prints one picture and ends")
    connect(settings, patience=0)
    watch = Watch(settings)
    board = Board(settings, watch.look)
    try:
        with (
            interruption() as asked,
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            while not asked.is_set():
                began = time.monotonic()
                live.update(picture(board.document(), console.height), refresh=True)
                asked.wait(max(0.0, began + _EVERY - time.monotonic()))
    finally:
        watch.close()
