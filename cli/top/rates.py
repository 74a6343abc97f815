"""Accounts a second, from the offsets of the last looks."""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

_SECONDS = 5.0


class _Look(NamedTuple):
    at: float
    done: Mapping[int, int]


class Rates:
    """Over the last five seconds, so that one late look does not make the figures jump."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()

    def add(self, at: float, done: Mapping[int, int]) -> None:
        """Takes a look: a reading of a monotonic clock, and partition -> accounts done by then.

        One that is not later than the last is left out.
        """
        if self._looks and at <= self._looks[-1].at:
            return
        self._looks.append(_Look(at, dict(done)))
        while len(self._looks) > 2 and at - next(islice(self._looks, 1, None)).at >= _SECONDS:
            self._looks.popleft()

    @property
    def per_second(self) -> dict[int, float]:
        """Partition -> accounts a second; empty before the second look.

        A partition of which less is done than before (its topics were made anew) has done nothing.
        """
        if len(self._looks) < 2:
            return {}
        first, last = self._looks[0], self._looks[-1]
        seconds = last.at - first.at
        return {
            partition: max(0, done - first.done.get(partition, done)) / seconds
            for partition, done in last.done.items()
        }
