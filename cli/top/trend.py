"""Accounts a second over time, as a line of small bars."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from web.live.history import INTERVAL

_BARS: Final = "▁▂▃▄▅▆▇█"


class Trend:
    """Fills one line; the newest rate is at the right."""

    def __init__(self, rates: Sequence[float]) -> None:
        """`rates`: accounts a second in intervals of `web.live.history.INTERVAL`, oldest first."""
        self._rates = rates

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._rates:
            yield Text("accounts/s over time: available in some seconds", style="dim", no_wrap=True)
            return
        seconds = len(self._rates) * INTERVAL
        span = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
        label = f" last {span}, up to {max(self._rates):,.0f}/s"
        line = bars(self._rates, max(1, options.max_width - len(label)))
        yield Text.assemble((line, "cyan"), (label, "dim"), no_wrap=True)


def bars(rates: Sequence[float], width: int) -> str:
    """One character for each rate, or for the mean of neighbours if there are more than `width`.

    The highest is a full bar; 0 is the lowest bar.
    """
    number = min(width, len(rates))
    edges = [round(step * len(rates) / number) for step in range(number + 1)]
    means = [sum(rates[begin:end]) / (end - begin) for begin, end in pairwise(edges)]
    most = max(means, default=0) or 1
    return "".join(_BARS[round(mean / most * (len(_BARS) - 1))] for mean in means)
