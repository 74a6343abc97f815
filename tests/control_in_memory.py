"""The control topic in memory: releases that a test decides, and holds that it looks at."""

import asyncio

from records.hold import Hold
from records.release import Release

HERE = "here"
"""Name of the worker under test."""


class ControlInMemory:
    """Implements `agents.limit.control.Control`."""

    def __init__(self) -> None:
        self.releases: dict[int, Release] = {}
        self.holds: dict[int, Hold] = {}
        self.readable = asyncio.Event()
        self.readable.set()
        self._changed = asyncio.Event()

    def write(self, release: Release) -> None:
        self.releases[release.partition] = release
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def release(self, partition: int) -> Release | None:
        return self.releases.get(partition)

    async def was_read(self) -> None:
        await self.readable.wait()

    async def changed(self) -> None:
        await self._changed.wait()

    def begin_hold(
        self, partition: int, begin: int, end: int, offset: int, at: int, reason: str
    ) -> None:
        self.holds[partition] = Hold(partition, begin, end, offset, at, reason, HERE)

    def end_hold(self, partition: int) -> None:
        """What was said stays."""

    def passed(self, partition: int) -> Hold | None:
        hold = self.holds.pop(partition, None)
        return hold if hold is not None and hold.worker != HERE else None
