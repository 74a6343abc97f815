"""Progress of a long command: a bar on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_REFRESH = 0.1
_LINE_EVERY = 5.0

Advance = Callable[[int, int], None]


class ShownProgress:
    """Call it with the number done and the total; cheap to call often."""

    def __init__(self, advance: Advance, progress: Progress | None = None) -> None:
        self._advance = advance
        self._progress = progress

    def __call__(self, done: int, total: int) -> None:
        """Show it, if it is time to."""
        self._advance(done, total)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bar off the terminal meanwhile, so that a result can be written there."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


@contextmanager
def shown_progress(console: Console, label: str) -> Iterator[ShownProgress]:
    """Yield what to call with the number done and the total."""
    can_redraw = console.is_terminal and not console.is_dumb_terminal
    with (_bar if can_redraw else _lines)(console, label) as shown:
        yield shown


@contextmanager
def _bar(console: Console, label: str) -> Iterator[ShownProgress]:
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

        yield ShownProgress(_every(_REFRESH, show), progress)


@contextmanager
def _lines(console: Console, label: str) -> Iterator[ShownProgress]:
    def show(done: int, total: int, seconds: float) -> None:
        console.print(f"{label}: {done:,} of {total:,} after {seconds:.0f} s", highlight=False)

    yield ShownProgress(_every(_LINE_EVERY, show))


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
