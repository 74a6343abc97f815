"""A number that grows with each change, and that others can wait for."""

import asyncio
import contextlib


class Versioned:
    """Many may wait at a time; each sees every change at least as its last one."""

    def __init__(self) -> None:
        self.version = 0
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Counts a change and wakes whoever waits."""
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_changed(self, version: int, seconds: float) -> int:
        """Waits until `self.version` is above `version`, `seconds` at most; returns it."""
        if self.version <= version:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)
        return self.version
