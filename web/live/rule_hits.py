"""Hits of each rule in the last 15 minutes, kept in the worker so that a new page shows them."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

#: Seconds between samples, and how many are kept: those of 15 minutes.
INTERVAL = 15.0
LENGTH = 60


class HitSample(NamedTuple):
    """Hits by rule in all, at a time in seconds since the epoch."""

    at: float
    live: Mapping[str, int]
    shadow: Mapping[str, int]


class RuleHits:
    """The last samples."""

    def __init__(self, length: int = LENGTH) -> None:
        """Keep samples for the last `length` intervals."""
        self._samples: deque[HitSample] = deque(maxlen=length + 1)

    def add(self, sample: HitSample) -> None:
        """Add a sample, unless the last one is younger than the interval (or from a later time)."""
        if not self._samples or sample.at >= self._samples[-1].at + INTERVAL:
            self._samples.append(sample)

    def before(self, now: HitSample) -> HitSample:
        """The oldest sample of the 15 minutes before this one; itself where there is none."""
        oldest = now.at - LENGTH * INTERVAL
        return next((sample for sample in self._samples if sample.at >= oldest), now)


def grown(now: Mapping[str, int], before: Mapping[str, int], name: str) -> int:
    """Hits of a rule between two samples; 0 where they decreased, as topics were created again."""
    return max(0, now.get(name, 0) - before.get(name, 0))
