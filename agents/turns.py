"""Turns of the event loop for a computation that may be long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["Turns"]

#: Longest turn (s) before the loop's other tasks, such as the web pages, go on. A batch of ordinary
#: accounts takes less; rules with costly patterns may take a millisecond for each.
TURN = 0.02


class Turns:
    """Says when the computation has had its turn; the first one begins now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + TURN

    def is_over(self) -> bool:
        """Whether to take another turn. Costs some 60 ns, so it may be asked for each account."""
        return self._clock() > self._ends

    async def take_another(self) -> None:
        """Let the loop's other tasks go on, then begin the next turn."""
        await asyncio.sleep(0)
        self._ends = self._clock() + TURN
