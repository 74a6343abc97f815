"""Announces the active rule version on `<app>-workers`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from agents.judging import now_ms
from agents.topics.writer import Write
from agents.versions.follower import RuleFollower
from rules.versions.active import ActiveRules
from rules.versions.announcement import Announcement

__all__ = ["RuleAnnouncer"]

logger = logging.getLogger(__name__)

_ANSWER = 5.0
_LAST_ANSWER = 1.5
_PAUSE = 5.0


class RuleAnnouncer:
    """Writes an announcement when the follower has looked at the topic; a tombstone at the end."""

    def __init__(
        self,
        follower: RuleFollower,
        active: ActiveRules,
        worker: Callable[[], str],
        write: Write,
        *,
        pause: float = _PAUSE,
    ) -> None:
        """``worker`` gives this worker's name once the command line was read.

        ``pause``: seconds until an announcement that failed is made again.
        """
        self._follower = follower
        self._active = active
        self._worker = worker
        self._write = write
        self._pause = pause
        self._due = asyncio.Event()
        self._failing = False
        follower.on_change(self._due.set)

    async def run(self) -> None:
        """Announce, until it is cancelled; once the app's producer has started."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                async with asyncio.timeout(_ANSWER):
                    await self._write(self._key, self._announcement().dumps())
            except Exception as exc:  # noqa: BLE001 - whatever it is, it is tried again
                self._failed(exc)
                await asyncio.sleep(self._pause)
                self._due.set()
            else:
                self._failing = False

    async def withdraw(self, *_: Any, **__: Any) -> None:
        """Say that this worker judges no more; to be called before the producer stops."""
        try:
            async with asyncio.timeout(_LAST_ANSWER):
                await self._write(self._key, None)
        except Exception as exc:  # noqa: BLE001 - the group's coordinator knows it, too
            logger.debug("the announcement of the rules was not withdrawn (%s)", exc)

    @property
    def _key(self) -> bytes:
        return self._worker().encode()

    def _announcement(self) -> Announcement:
        refused = self._follower.refused
        return Announcement(
            worker=self._worker(),
            version=self._active.current.version,
            offset=self._follower.offset,
            at=now_ms(),
            refused=refused.what if refused else "",
            why=refused.why if refused else "",
        )

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            logger.warning(
                "cannot say which rules are judged by, trying again (%s: %s)",
                type(error).__name__,
                error,
            )
        self._failing = True
