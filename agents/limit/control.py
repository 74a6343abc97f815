"""What operators decided about held partitions, and which ones are held: the control topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

from agents.topics.follower import Reader, Record, TopicFollower
from records.hold import Hold, hold_key, read_hold
from records.release import Release, read_release

__all__ = ["Control", "ControlFollower", "PartitionControl"]

logger = logging.getLogger(__name__)

#: Seconds to wait for the first reading of the topic before a partition is held.
_FIRST_READING = 10.0


class Control(Protocol):
    """What the limit needs of it."""

    def release(self, partition: int) -> Release | None:
        """The last release of the partition."""

    async def was_read(self) -> None:
        """Wait until all releases are known, or that takes too long."""

    async def changed(self) -> None:
        """Wait for a change of any release, from now on."""

    def begin_hold(
        self, partition: int, begin: int, end: int, offset: int, at: int, reason: str
    ) -> None:
        """Say that this worker holds the partition; the arguments are those of `Hold`."""

    def end_hold(self, partition: int) -> None:
        """Say no more that this worker holds it; whoever owns it next may do so."""

    def passed(self, partition: int) -> Hold | None:
        """Note that a batch of the partition passed, so the partition is not held any more.

        Returns the hold if another worker wrote it, else None.
        """


class ControlFollower(TopicFollower):
    """The last releases and holds. What is neither is ignored, with one warning."""

    def __init__(self, topic: str, connect: Callable[[], Reader], **kwargs: Any) -> None:
        super().__init__(topic, "what operators decided about held partitions", connect, **kwargs)
        self._releases: dict[int, Release] = {}
        self._holds: dict[int, Hold] = {}
        self._warned = False
        self._changed = asyncio.Event()

    @property
    def releases(self) -> Mapping[int, Release]:
        """Partition -> its last release."""
        return self._releases

    @property
    def holds(self) -> Mapping[int, Hold]:
        """Partition -> its last hold; `still_held` says which are in effect."""
        return self._holds

    async def settle(self, records: Sequence[Record], *, first: bool) -> bool:
        """Take up these records."""
        if first:
            self._releases, self._holds = {}, {}
        for record in records:
            self._take(record)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return True

    async def changed(self) -> None:
        """Wait until more records were taken up."""
        await self._changed.wait()

    def forget_hold(self, partition: int) -> Hold | None:
        """Drop the hold without waiting for its tombstone to be read; returns it, or None."""
        return self._holds.pop(partition, None)

    def _take(self, record: Record) -> None:
        # Whatever follows a hold takes its place, so that worker and commands see the same.
        self._holds = {p: hold for p, hold in self._holds.items() if hold.key != record.key}
        if record.value is None:
            self._delete(record.key)
        elif hold := read_hold(record.key, record.value):
            self._holds[hold.partition] = hold
        elif release := read_release(record.key, record.value):
            self._releases[release.partition] = release
        elif not self._warned:
            self._warned = True
            logger.warning(
                "topic %s: the record at offset %d is ignored, as others may be: it is no decision "
                "about a held partition. Only `partitions release` and workers write to the topic",
                self.topic,
                record.offset,
            )

    def _delete(self, key: bytes | None) -> None:
        self._releases = {p: each for p, each in self._releases.items() if each.key != key}


class Writer(Protocol):
    """What is asked of the writer: `agents.topics.writer.LatestWriter`."""

    def put(self, key: bytes, value: bytes | None) -> None:
        """Have it written soon."""


class PartitionControl:
    """Implements `Control` by the topic; also says which partitions of the group are held.

    A hold of this worker whose record is gone is written again: without it nobody could release the
    partition. It may be gone with its topic, or deleted by the partition's former owner.
    """

    def __init__(
        self, follower: ControlFollower, writer: Writer, worker: Callable[[], str]
    ) -> None:
        """``worker`` gives this worker's name."""
        self._follower = follower
        self._writer = writer
        self._worker = worker
        self._own: dict[int, Hold] = {}
        #: Partitions that this worker held and that have not gone on since.
        self._stopped_here: set[int] = set()
        follower.on_change(self._write_missing)

    @property
    def holds(self) -> Mapping[int, Hold]:
        """Partition -> hold, of the whole group; `still_held` says which are in effect."""
        return {**self._follower.holds, **self._own}

    @property
    def not_ready_reason(self) -> None:
        """None: accounts are judged without it."""

    @property
    def health(self) -> tuple[Literal["ok", "warn"], str]:
        """Severity and a one-line summary."""
        failure = self._follower.failure
        return ("ok", "follows the control topic") if failure is None else ("warn", failure)

    def release(self, partition: int) -> Release | None:
        """The last release of the partition."""
        return self._follower.releases.get(partition)

    async def was_read(self) -> None:
        """Wait until all releases are known, for ten seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_READING):
                await self._follower.wait_ready()

    async def changed(self) -> None:
        """Wait for a change of any release, from now on."""
        await self._follower.changed()

    def begin_hold(
        self, partition: int, begin: int, end: int, offset: int, at: int, reason: str
    ) -> None:
        """Say that this worker holds the partition; the arguments are those of `Hold`."""
        hold = Hold(partition, begin, end, offset, at, reason, self._worker())
        self._own[partition] = hold
        self._stopped_here.add(partition)
        self._writer.put(hold.key, hold.dumps())

    def _write_missing(self) -> None:
        for partition, hold in self._own.items():
            if partition not in self._follower.holds:
                self._writer.put(hold.key, hold.dumps())

    def end_hold(self, partition: int) -> None:
        """Say no more that this worker holds it. What was written stays for the next owner."""
        self._own.pop(partition, None)

    def passed(self, partition: int) -> Hold | None:
        """Delete the partition's hold from the topic; returns it if another worker wrote it."""
        own = self._own.pop(partition, None)
        written = self._follower.forget_hold(partition)
        if own is not None or written is not None:
            self._writer.put(hold_key(partition), None)
        if partition in self._stopped_here:
            self._stopped_here.discard(partition)
            return None
        return written
