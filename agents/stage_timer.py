"""Durations of the stages of a piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["StageTimer"]


class StageTimer:
    """Seconds of each stage, by its name."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start the first stage; ``clock`` gives seconds."""
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._last = clock()

    def end(self, stage: str) -> None:
        """End this stage and start the next one."""
        now = self._clock()
        self.seconds[stage] = now - self._last
        self._last = now
