"""Rates of the last 15 minutes, kept in the worker so that a new page shows them at once."""

from collections import deque
from itertools import pairwise
from typing import Any, NamedTuple

from records.totals import ENDINGS

#: Seconds between samples, and how many intervals are kept: 15 minutes.
INTERVAL = 5.0
LENGTH = 180


class Sample(NamedTuple):
    """The totals at a time, in seconds since the epoch; those of `records.totals.ENDINGS`."""

    at: float
    authorized: int
    review: int
    unauthorized: int
    dead_letters: int


class History:
    """The last samples."""

    def __init__(self, length: int = LENGTH) -> None:
        """Keep the last `length` intervals."""
        self._samples: deque[Sample] = deque(maxlen=length + 1)

    def add(self, sample: Sample) -> None:
        """Add a sample; ignore one that is not later than the last (clocks step back)."""
        if not self._samples or sample.at > self._samples[-1].at:
            self._samples.append(sample)

    def document(self) -> dict[str, Any]:
        """Columns: the end of each interval, in seconds since the epoch, and its rates per second.

        A total that decreased, because topics were created again, counts as a rate of 0.
        """
        columns: dict[str, Any] = {"at": [], **{name: [] for name in ENDINGS}}
        for before, after in pairwise(self._samples):
            seconds = after.at - before.at
            columns["at"].append(round(after.at))
            for name in ENDINGS:
                grown = max(0, getattr(after, name) - getattr(before, name))
                columns[name].append(round(grown / seconds, 2))
        return columns
