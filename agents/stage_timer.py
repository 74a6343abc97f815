"""How long each stage of a piece of work took."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["StageTimer"]


class StageTimer:
    """Seconds from one lap to the next, by the name of the stage that ended with it."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start the watch; ``clock`` gives seconds."""
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._last = clock()

    def end(self, stage: str) -> None:
        """The stage ends here and the next one begins."""
        now = self._clock()
        self.seconds[stage] = now - self._last
        self._last = now
