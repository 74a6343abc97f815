"""`top`: the web page's content in a terminal."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import faust
from faust.cli import option
from rich.console import Console
from rich.live import Live

from cli.support.blocking_command import BlockingCommand
from cli.support.errors import CommandError
from cli.support.interruption import interruption
from cli.top.board import Board
from cli.top.last_verdicts import LastVerdicts
from cli.top.picture import picture
from cli.top.worker_stream import WorkerStream
from cluster import Watch, connect
from config import Settings

_EVERY = 1.0
_PRINTED_WIDTH = 120
#: Seconds that `--once` waits for a worker.
_WORKER_TIMEOUT = 3.0
_LOOK = 3.0
_ONLY_LOOK = 10.0
_DEFAULT_URL = "http://127.0.0.1:6066"


def add_top(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(
        option("--once", is_flag=True, help="Print one picture and exit."),
        option(
            "--url",
            default=_DEFAULT_URL,
            show_default=True,
            help="Web address of the worker to ask about its engine and verification service.",
        ),
        base=BlockingCommand,
    )
    def top(self: BlockingCommand, once: bool, url: str) -> None:
        """Show the page in a terminal, redrawn each second until Ctrl-C."""
        (show_once if once else watch)(settings, self.console, url)


def show_once(settings: Settings, console: Console, url: str) -> None:
    """Print one picture. `url` is a worker's. Raises ClusterError, CommandError."""
    with _board(settings, url, _ONLY_LOOK) as board:
        board.worker.wait(_WORKER_TIMEOUT)
        document = board.document()
        if document["problem"] is not None:
            raise CommandError(f"Kafka does not answer: {document['problem']}")
        width = console.width if console.is_terminal else _PRINTED_WIDTH
        console.print(picture(document), width=width)


def watch(settings: Settings, console: Console, url: str) -> None:
    """Draw a picture each second until Ctrl-C or SIGTERM, then restore the terminal.

    Shows and waits for brokers and the worker at `url` that go away. Raises ClusterError when no
    broker answers at the start, CommandError when the console is not a terminal that can redraw.
    """
    if not console.is_terminal:
        raise CommandError("standard output is not a terminal: --once prints one picture")
    if console.is_dumb_terminal:
        term = os.environ.get("TERM", "")
        raise CommandError(f"a terminal with TERM={term} cannot redraw: --once prints one picture")
    with (
        _board(settings, url, _LOOK) as board,
        interruption() as asked,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while not asked.is_set():
            began = time.monotonic()
            live.update(picture(board.document(), console.height), refresh=True)
            asked.wait(max(0.0, began + _EVERY - time.monotonic()))


@contextmanager
def _board(settings: Settings, url: str, timeout: float) -> Iterator[Board]:
    """A board with its connections, closed at the end."""
    token = settings.web_token
    worker = WorkerStream(url, token.get_secret_value() if token else None)
    connect(settings, timeout=0)
    progress = Watch(settings)
    verdicts = LastVerdicts(settings)
    worker.start()
    try:
        yield Board(settings, lambda: progress.look(timeout), verdicts.look, worker)
    finally:
        worker.close()
        verdicts.close()
        progress.close()
