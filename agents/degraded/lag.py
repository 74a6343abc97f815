"""Whether the lag of this worker's partitions grows."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

__all__ = ["Growth", "LagHistory", "LagSample"]

#: Samples that are kept at most, whatever the time they cover.
KEPT = 60


class LagSample(NamedTuple):
    """The partitions together, at a time in seconds."""

    at: float
    lag: int
    #: The sum of their committed offsets.
    committed: int
    partitions: frozenset[tuple[str, int]]


class Growth(NamedTuple):
    """The lowest lag at the beginning of the time, and the lag now."""

    before: int
    now: int


class LagHistory:
    """The samples of the last `seconds`.

    The lag grows when the time is cut into thirds and its lowest value is higher in each third than
    in the one before, and what is left at the lowest takes longer than a third to process. So a
    burst that is being worked off is no growth, nor are the few records that wait at any moment.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[LagSample] = deque()

    def add(self, sample: LagSample) -> None:
        """Add a sample. A change of the partitions starts anew, as it changes the lag."""
        samples = self._samples
        if samples and samples[-1].partitions != sample.partitions:
            samples.clear()
        if samples and sample.at - samples[-1].at < self._seconds / KEPT:
            return
        samples.append(sample)
        # The one at or before the beginning stays: with it the whole time is covered.
        while len(samples) > 1 and samples[1].at <= sample.at - self._seconds:
            samples.popleft()

    def clear(self) -> None:
        """Forget the samples: this worker has no partition."""
        self._samples.clear()

    @property
    def growth(self) -> Growth | None:
        """How it grew, or None while it does not or that is not known yet."""
        if not self._samples or self._samples[-1].at - self._samples[0].at < self._seconds:
            return None
        newest, third = self._samples[-1], self._seconds / 3
        first, second, last = (
            [each for each in self._samples if start <= newest.at - each.at < start + third]
            for start in (2 * third, third, 0)
        )
        if not (first and second and last):
            return None
        lowest = [min(each.lag for each in part) for part in (first, second, last)]
        processed = newest.committed - last[0].committed
        grows = lowest[0] < lowest[1] < lowest[2]
        return Growth(lowest[0], newest.lag) if grows and lowest[2] > processed else None
