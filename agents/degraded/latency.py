"""The 99th percentile of the latency of recent records, from the engine's histogram."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from faust_transactions import LATENCY_BUCKETS

__all__ = ["LatencyWindow", "Percentile", "percentile"]

#: Seconds for which a record counts.
WINDOW = 30.0
QUANTILE = 0.99


class Percentile(NamedTuple):
    """Seconds within which 99 % of so many records were committed."""

    seconds: float
    records: int


def percentile(counts: Sequence[int]) -> Percentile:
    """Of records by bucket (`LATENCY_BUCKETS`, cumulative, all of them last).

    Interpolated as Prometheus' `histogram_quantile` does it. So whether it is above a bucket's
    bound is exact.
    """
    rank, below, lower = QUANTILE * counts[-1], 0, 0.0
    for bound, count in zip(LATENCY_BUCKETS, counts, strict=False):
        if count >= rank > 0:
            return Percentile(
                lower + (bound - lower) * (rank - below) / (count - below), counts[-1]
            )
        below, lower = count, bound
    return Percentile(lower if counts[-1] else 0.0, counts[-1])


class LatencyWindow:
    """Readings of the histogram over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, tuple[int, ...]]] = deque()

    def add(self, at: float, counts: tuple[int, ...]) -> Percentile:
        """Add a reading; return the percentile of what was counted since the oldest one."""
        self._readings.append((at, counts))
        while len(self._readings) > 1 and self._readings[1][0] <= at - WINDOW:
            self._readings.popleft()
        oldest = self._readings[0][1]
        return percentile([new - old for new, old in zip(counts, oldest, strict=True)])
