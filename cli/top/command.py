"""`top`: the page for a terminal, for those who have no browser at hand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from cli.errors import CommandError
from cli.interruption import interruption
from cli.top.board import Board
from cli.top.picture import picture
from cli.top.verdicts import LastVerdicts
from cli.top.worker import WorkerStream
from cluster import Watch, connect
from config.settings import Settings

_EVERY = 1.0
_PRINTED_WIDTH = 120
#: Seconds that the only picture waits for a worker.
_WORKER_PATIENCE = 3.0
_LOOK = 3.0
_ONLY_LOOK = 10.0


def show_once(settings: Settings, console: Console, url: str) -> None:
    """Prints one picture. `url` is a worker's. Raises ClusterError, CommandError."""
    with _board(settings, url, _ONLY_LOOK) as board:
        board.worker.wait(_WORKER_PATIENCE)
        document = board.document()
        if document["problem"] is not None:
            raise CommandError(f"Kafka does not answer: {document['problem']}")
        width = console.width if console.is_terminal else _PRINTED_WIDTH
        console.print(picture(document), width=width)


def watch_on(settings: Settings, console: Console, url: str) -> None:
    """Draws a picture each second until Ctrl-C or SIGTERM, and gives the terminal back as it was.

    Brokers and the worker at `url` that go away are told and waited for. Raises ClusterError when
    no broker answers at the beginning, CommandError when the console is no terminal.
    """
    if not console.is_terminal:
        raise CommandError("this is no terminal: --once prints one picture and ends")
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
def _board(settings: Settings, url: str, patience: float) -> Iterator[Board]:
    """A board and all that it looks at, closed at the end."""
    token = settings.web_token
    worker = WorkerStream(url, token.get_secret_value() if token else None)
    connect(settings, patience=0)
    watch = Watch(settings)
    verdicts = LastVerdicts(settings)
    worker.start()
    try:
        yield Board(settings, lambda: watch.look(patience), verdicts.look, worker)
    finally:
        worker.close()
        verdicts.close()
        watch.close()
