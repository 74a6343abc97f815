"""Progress of a long command: a bar on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_REFRESH = 0.1
_LINE_EVERY = 5.0

Advance = Callable[[int, int], None]


@contextmanager
def shown_progress(console: Console, label: str) -> Iterator[Advance]:
    """Yield a function to call with the number done and the total; cheap to call often."""
    can_redraw = console.is_terminal and not console.is_dumb_terminal
    with (_bar if can_redraw else _lines)(console, label) as advance:
        yield advance


@contextmanager
def _bar(console: Console, label: str) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    # Refreshed here and not by rich's thread, which would compete for the interpreter.
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task(label, total=None, rate=0.0)

        def show(done: int, total: int, seconds: float) -> None:
            rate = done / seconds if seconds else 0.0
            progress.update(task, completed=done, total=total, rate=rate, refresh=True)

        yield _every(_REFRESH, show)


@contextmanager
def _lines(console: Console, label: str) -> Iterator[Advance]:
    def show(done: int, total: int, seconds: float) -> None:
        console.print(f"{label}: {done:,} of {total:,} after {seconds:.0f} s", highlight=False)

    yield _every(_LINE_EVERY, show)


def _every(interval: float, show: Callable[[int, int, float], None]) -> Advance:
    began = time.monotonic()
    due = began + interval

    def advance(done: int, total: int) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + interval
            show(done, total, now - began)

    return advance
