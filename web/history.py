"""The rates of the last 15 minutes, kept in the worker so that a page shows them at once."""

from collections import deque
from itertools import pairwise
from typing import Any, NamedTuple

#: Seconds between samples, and how many intervals are kept: 15 minutes.
INTERVAL = 5.0
LENGTH = 180


class Sample(NamedTuple):
    """The totals at a time, in seconds since the epoch."""

    at: float
    authorized: int
    unauthorized: int
    dead_letters: int


class History:
    """The last samples; older ones are forgotten."""

    def __init__(self, length: int = LENGTH) -> None:
        """`length`: intervals, so one sample more is kept."""
        self._samples: deque[Sample] = deque(maxlen=length + 1)

    def add(self, sample: Sample) -> None:
        """Takes a sample; one that is not later than the last is left out (clocks step back)."""
        if not self._samples or sample.at > self._samples[-1].at:
            self._samples.append(sample)

    def document(self) -> dict[str, Any]:
        """Columns of the same length: the end of each interval and what came a second in it.

        A total that went down (the topics were made anew) counts as nothing.
        """
        columns: dict[str, Any] = {
            "at": [],
            "authorized": [],
            "unauthorized": [],
            "dead_letters": [],
        }
        for before, after in pairwise(self._samples):
            seconds = after.at - before.at
            columns["at"].append(round(after.at))
            for name in ("authorized", "unauthorized", "dead_letters"):
                grown = max(0, getattr(after, name) - getattr(before, name))
                columns[name].append(round(grown / seconds, 2))
        return columns
