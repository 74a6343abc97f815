"""The block in which an agent works on a batch; it can be cancelled without the agent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

__all__ = ["AgentBlock"]


class AgentBlock:
    """Runs one block at a time, in the agent's own asyncio task."""

    def __init__(self) -> None:
        #: Since when (monotonic, s) the agent works on a batch; None while it has none.
        self.since: float | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancels = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Run a block; `cancel` ends it where it waits, and the agent goes on after it."""
        current = cast("asyncio.Task[Any]", asyncio.current_task())
        cancelling = current.cancelling()
        self._task, self._cancels = current, 0
        self.since = time.monotonic()
        try:
            yield
        except asyncio.CancelledError:
            # As asyncio.timeout() does it: swallow the cancellation that was ours, and no other.
            if not self._cancels or current.cancelling() - self._cancels > cancelling:
                raise
        finally:
            for _ in range(self._cancels):
                current.uncancel()
            self.since = self._task = None

    def cancel(self) -> None:
        """Cancel the block, if one runs. Does nothing when called from the block itself."""
        if self._task is None or self._task is asyncio.current_task():
            return
        self._cancels += 1
        self._task.cancel()
