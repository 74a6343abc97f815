"""Announces the active rule version on `<app>-workers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from agents.clock import now_ms
from agents.versions.follower import RuleFollower
from rules.versions.active import ActiveRules
from rules.versions.announcement import Announcement

__all__ = ["RuleAnnouncer"]


class Writer(Protocol):
    """What is asked of the writer: `agents.topics.writer.LatestWriter`."""

    def put(self, key: bytes, value: bytes | None) -> None:
        """Have it written soon."""

    async def delete_at_stop(self, key: bytes) -> None:
        """Write a tombstone now; raises nothing, even if that fails."""


class RuleAnnouncer:
    """Writes an announcement when the follower has looked at the topic; a tombstone at the end."""

    def __init__(
        self,
        follower: RuleFollower,
        active: ActiveRules,
        worker: Callable[[], str],
        writer: Writer,
    ) -> None:
        """``worker`` gives this worker's name once the command line was read."""
        self._follower = follower
        self._active = active
        self._worker = worker
        self._writer = writer
        follower.on_change(self._announce)

    async def withdraw(self, *_: Any, **__: Any) -> None:
        """Say that this worker judges no more; to be called before the producer stops."""
        await self._writer.delete_at_stop(self._key)

    @property
    def _key(self) -> bytes:
        return self._worker().encode()

    def _announce(self) -> None:
        refused = self._follower.refused
        announcement = Announcement(
            worker=self._worker(),
            version=self._active.current.version,
            offset=self._follower.offset,
            at=now_ms(),
            refused=refused.what if refused else "",
            why=refused.why if refused else "",
        )
        self._writer.put(self._key, announcement.dumps())
