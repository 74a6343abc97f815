"""Accounts a second, from the offsets seen last."""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

_SECONDS = 5.0


class _Sample(NamedTuple):
    at: float
    done: Mapping[int, int]


class Rates:
    """Rates over the last five seconds, so that one late sample does not make figures jump."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()

    def add(self, at: float, done: Mapping[int, int]) -> None:
        """Add a sample: a monotonic time, and partition -> accounts done by then.

        Ignores a sample that is not later than the last one.
        """
        if self._samples and at <= self._samples[-1].at:
            return
        self._samples.append(_Sample(at, dict(done)))
        while len(self._samples) > 2 and at - next(islice(self._samples, 1, None)).at >= _SECONDS:
            self._samples.popleft()

    @property
    def per_second(self) -> dict[int, float]:
        """Partition -> accounts a second; empty before the second sample.

        0 for a partition of which less is done than before, as when its topic was re-created.
        """
        if len(self._samples) < 2:
            return {}
        first, last = self._samples[0], self._samples[-1]
        seconds = last.at - first.at
        return {
            partition: max(0, done - first.done.get(partition, done)) / seconds
            for partition, done in last.done.items()
        }
