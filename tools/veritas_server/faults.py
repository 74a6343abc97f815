"""Faults that the reference server simulates."""

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

#: The Retry-After of a 429 (s).
RETRY_AFTER: Final = 1

Distribution = Literal["fixed", "exponential", "lognormal"]
DISTRIBUTIONS: Final[tuple[Distribution, ...]] = get_args(Distribution)

#: Spread of the lognormal latency: one answer in a hundred takes six times the mean or longer.
_SIGMA: Final = 1.0

Window = tuple[float, float]


@dataclass(frozen=True)
class Faults:
    """How often each fault occurs. Shares are from 0 to 1, times are in seconds.

    `latency` is the mean duration of an answer, distributed as `distribution` says. A window is
    (start, length), counted from the server's start. Within `outages` every request is answered
    503. If `during` has windows, latency and shares apply only within them. An account whose last
    name is in `broken` always gets a 500.
    """

    latency: float = 0.0
    distribution: Distribution = "exponential"
    errors: float = 0.0
    rejects: float = 0.0
    throttles: float = 0.0
    outages: tuple[Window, ...] = ()
    during: tuple[Window, ...] = ()
    broken: frozenset[str] = frozenset()


class FaultPlan:
    """Decides for each request which fault it meets."""

    def __init__(
        self, faults: Faults, seed: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._faults = faults
        self._random = random.Random(seed)
        self._clock = clock
        self._start = clock()

    async def wait(self) -> None:
        """Wait for the duration of an answer."""
        if seconds := self.latency():
            await asyncio.sleep(seconds)

    def latency(self) -> float:
        """Duration of the next answer (s)."""
        mean = self._faults.latency
        if not mean or not self._is_time:
            return 0.0
        match self._faults.distribution:
            case "fixed":
                return mean
            case "exponential":
                return self._random.expovariate(1 / mean)
            case "lognormal":
                return self._random.lognormvariate(math.log(mean) - _SIGMA**2 / 2, _SIGMA)

    def status(self, last_name: str) -> int:
        """Status of the answer; 200 without a fault."""
        faults = self._faults
        if self._within(faults.outages):
            return 503
        if last_name in faults.broken:
            return 500
        if not self._is_time:
            return 200
        at = self._random.random()
        for status, share in ((500, faults.errors), (429, faults.throttles), (422, faults.rejects)):
            if at < share:
                return status
            at -= share
        return 200

    @property
    def _is_time(self) -> bool:
        return not self._faults.during or self._within(self._faults.during)

    def _within(self, windows: tuple[Window, ...]) -> bool:
        since = self._clock() - self._start
        return any(start <= since < start + length for start, length in windows)
