"""What can go wrong with the reference server, on purpose."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: What a throttled caller is asked to wait (s).
RETRY_AFTER: Final = 1


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong. Shares are from 0 to 1, times are in seconds.

    Outages are (start, length), counted from the server's start. An account whose last name is in
    `broken` always gets a 500.
    """

    latency: float = 0.0
    errors: float = 0.0
    rejects: float = 0.0
    throttles: float = 0.0
    outages: tuple[tuple[float, float], ...] = ()
    broken: frozenset[str] = frozenset()


class FaultPlan:
    """Decides for each request what goes wrong with it."""

    def __init__(
        self, faults: Faults, seed: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._faults = faults
        self._random = random.Random(seed)
        self._clock = clock
        self._start = clock()

    async def wait(self) -> None:
        """Take the time that an answer takes: exponentially distributed around the mean."""
        if self._faults.latency:
            await asyncio.sleep(self._random.expovariate(1 / self._faults.latency))

    def status(self, last_name: str) -> int:
        """The status of the answer; 200 when nothing goes wrong."""
        faults, since = self._faults, self._clock() - self._start
        if any(start <= since < start + length for start, length in faults.outages):
            return 503
        if last_name in faults.broken:
            return 500
        at = self._random.random()
        for status, share in ((500, faults.errors), (429, faults.throttles), (422, faults.rejects)):
            if at < share:
                return status
            at -= share
        return 200
