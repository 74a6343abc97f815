"""Writes to a topic of one partition; its readers want the last value of each key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import faust

__all__ = ["LatestWriter", "Write", "write_to"]

logger = logging.getLogger(__name__)

#: Writes key and value (None: a tombstone), and waits for the acknowledgement.
Write = Callable[[bytes, bytes | None], Awaitable[None]]

_ANSWER = 5.0
_LAST_ANSWER = 1.5
_PAUSE = 5.0


def write_to(app: faust.App, topic: str) -> Write:
    """Write to the first partition of a topic by the app's producer."""

    async def write(key: bytes, value: bytes | None) -> None:
        producer = cast(Any, await app.maybe_start_producer())
        await producer.send_and_wait(topic, key, value, 0, None, None)

    return write


class LatestWriter:
    """Writes beside the stream. What could not be written is written later, or what replaced it."""

    def __init__(self, topic: str, write: Write, *, pause: float = _PAUSE) -> None:
        """``pause``: seconds until a write that failed is tried again."""
        self._topic = topic
        self._write = write
        self._pause = pause
        self._waiting: dict[bytes, bytes | None] = {}
        self._due = asyncio.Event()
        self._failing = False

    def put(self, key: bytes, value: bytes | None) -> None:
        """Have it written soon; returns at once."""
        self._waiting[key] = value
        self._due.set()

    async def run(self) -> None:
        """Write what is put, until it is cancelled; once the app's producer has started."""
        while True:
            await self._due.wait()
            self._due.clear()
            for key, value in list(self._waiting.items()):
                if not await self._written(key, value):
                    await asyncio.sleep(self._pause)
                    self._due.set()
                    break
                # What was put meanwhile is written next.
                if key in self._waiting and self._waiting[key] == value:
                    del self._waiting[key]

    async def delete_at_stop(self, key: bytes) -> None:
        """Write a tombstone now, within 1.5 s; raises nothing.

        To be called before the app's producer stops. What waits for the key is not written.
        """
        self._waiting.pop(key, None)
        try:
            async with asyncio.timeout(_LAST_ANSWER):
                await self._write(key, None)
        except Exception as exc:  # noqa: BLE001 - the worker stops all the same
            logger.debug("topic %s keeps the record of this worker (%s)", self._topic, exc)

    async def _written(self, key: bytes, value: bytes | None) -> bool:
        try:
            async with asyncio.timeout(_ANSWER):
                await self._write(key, value)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is tried again
            if not self._failing:
                logger.warning(
                    "topic %s cannot be written, trying again (%s: %s)",
                    self._topic,
                    type(exc).__name__,
                    exc,
                )
            self._failing = True
            return False
        self._failing = False
        return True
