"""Follows a topic of one partition that is small enough to be read as a whole."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiokafka.errors import KafkaError
from mode import Service

__all__ = ["Reader", "Record", "TopicFollower"]

logger = logging.getLogger(__name__)

_POLL = 1.0
_SILENCE = 10.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class Record(Protocol):
    """A record of the topic."""

    key: bytes | None
    value: bytes | None
    offset: int


class Reader(Protocol):
    """A connection that reads the topic from its beginning: `faust_transactions.TopicReader`."""

    caught_up: bool

    @property
    def last_answer(self) -> int:
        """When a broker last answered, in ms since the epoch."""

    async def start(self) -> bool:
        """Connect; False without a topic."""

    async def poll(self, seconds: float, /) -> Sequence[Any]:
        """The next records (`Record`)."""

    async def stop(self) -> None:
        """Close the connection."""


class TopicFollower(Service):
    """Hands the records of a topic to `settle`: at first all that there are, then the new ones.

    Raises nothing: while the brokers are away it connects again with pauses of up to 10 s. Each
    connection reads the topic from its beginning, as it is small.
    """

    mundane_level = "debug"

    def __init__(self, topic: str, what: str, connect: Callable[[], Reader], **kwargs: Any) -> None:
        """``what`` the topic holds, for the log: "the rules"."""
        super().__init__(**kwargs)
        self.topic = topic
        #: Offset of the last record that was looked at; None while there was none.
        self.offset: int | None = None
        #: Why the topic cannot be read now, or None.
        self.failure: str | None = None
        self._what = what
        self._connect = connect
        self._read = asyncio.Event()
        self._pause = _FIRST_PAUSE
        self._calls: list[Callable[[], None]] = []

    def on_change(self, call: Callable[[], None]) -> None:
        """Register a callback, called after each read of new records, the first one included."""
        self._calls.append(call)

    async def settle(self, records: Sequence[Record], *, first: bool) -> bool:
        """Take up these records; False to have all of them read again.

        Tombstones are among them. ``first``: they are all that the topic has.
        """
        raise NotImplementedError

    async def wait_ready(self) -> None:
        """Wait until the topic was read to its end once."""
        await self._read.wait()

    @property
    def was_read(self) -> bool:
        """Whether it was."""
        return self._read.is_set()

    @Service.task
    async def _follow(self) -> None:
        while not self.should_stop:
            try:
                await self._session()
            except (KafkaError, OSError, TimeoutError) as exc:
                self._failed(f"{type(exc).__name__}: {exc}")
            except Exception as exc:  # noqa: BLE001 - one that leaves a task ends the whole worker
                self._failed(type(exc).__name__)
            await self.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _session(self) -> None:
        """Read the topic from its beginning and follow it, until the connection fails.

        Returns when it is to be read again.
        """
        reader = self._connect()
        try:
            if not await reader.start():
                raise TimeoutError("no such topic, or no right to it")
            self.offset = None
            new: list[Record] = []
            settled = False
            silent_since = time.monotonic()
            last_answer = 0
            while not self.should_stop:
                new += await reader.poll(_POLL)
                self.offset = new[-1].offset if new else self.offset
                if reader.last_answer != last_answer:
                    last_answer, silent_since = reader.last_answer, time.monotonic()
                elif time.monotonic() - silent_since > _SILENCE:
                    raise TimeoutError(f"no answer for {_SILENCE:g} s")
                if reader.caught_up and (new or not settled):
                    if not await self.settle(new, first=not settled):
                        return
                    new, settled = [], True
                    self._well()
                    for call in self._calls:
                        call()
        finally:
            await reader.stop()

    def _well(self) -> None:
        if self.failure is not None:
            logger.info("topic %s is readable again", self.topic)
        self.failure = None
        self._pause = _FIRST_PAUSE
        self._read.set()

    def _failed(self, why: str) -> None:
        failure = f"{self._what} in topic {self.topic} cannot be read ({why})"
        if failure != self.failure:
            logger.warning("%s; trying again", failure)
        self.failure = failure
