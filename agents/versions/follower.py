"""Follows the rules topic: what was published last is what the next batch is judged by."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from aiokafka.errors import KafkaError
from mode import Service

from records.text import shown
from rules.selection import Refusal, select
from rules.versions.active import ActiveRules, RuleVersion, builtin

__all__ = ["Reader", "RuleFollower"]

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


class RuleFollower(Service):
    """Activates each rule set that is published, and keeps the one before where it cannot.

    Compiles in a thread, so that judging goes on meanwhile. Raises nothing: while the brokers are
    away the rules stay as they are, and it connects again with pauses of up to 10 s. Each
    connection reads the topic from its beginning, as it is small.
    """

    mundane_level = "debug"

    def __init__(
        self, topic: str, active: ActiveRules, connect: Callable[[], Reader], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.topic = topic
        #: Why the last record of the topic is not the rule set that is judged by.
        self.refused: Refusal | None = None
        #: Offset of the last record that was looked at; None while there was none.
        self.offset: int | None = None
        #: Called after each look at new records, the first one included.
        self.on_change: Callable[[], None] = lambda: None
        self._active = active
        self._connect = connect
        self._read = asyncio.Event()
        self._failure: str | None = None
        self._pause = _FIRST_PAUSE

    async def wait_ready(self) -> None:
        """Wait until the topic was read to its end, so that `active` is what was published."""
        await self._read.wait()

    @property
    def not_ready_reason(self) -> str | None:
        """Why judging is not by the rule set that was published last, or may not be; or None."""
        if self._failure is not None:
            return self._failure
        if not self._read.is_set():
            return f"reading the rules in topic {self.topic}"
        if self.refused is None or self.refused.is_foreign:
            return None
        return (
            f"judging by rules {self._active.current.version}, as {self.refused.what} in topic "
            f"{self.topic} cannot be used"
        )

    @property
    def health(self) -> tuple[Literal["ok", "warn", "bad"], str]:
        """Severity and a one-line summary."""
        reason = self.not_ready_reason
        if reason is not None:
            return ("bad" if self.refused else "warn"), reason
        version = f"version {self._active.current.version}"
        if self.refused is not None:
            return "warn", f"{version}; {self.refused.what} in topic {self.topic} is no rule set"
        return "ok", version

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

        Returns when a record was deleted: what is left is to be read again then.
        """
        reader = self._connect()
        try:
            if not await reader.start():
                raise TimeoutError("no such topic, or no right to it")
            self.offset = None
            new: dict[bytes | None, tuple[int, bytes]] = {}
            settled = False
            silent_since = time.monotonic()
            last_answer = 0
            while not self.should_stop:
                deleted = self._take(await reader.poll(_POLL), new)
                if reader.last_answer != last_answer:
                    last_answer, silent_since = reader.last_answer, time.monotonic()
                elif time.monotonic() - silent_since > _SILENCE:
                    raise TimeoutError(f"no answer for {_SILENCE:g} s")
                if settled and deleted:
                    return
                if reader.caught_up and (new or not settled):
                    await self._settle(list(new.values()), first=not settled)
                    new.clear()
                    settled = True
        finally:
            await reader.stop()

    def _take(self, records: Sequence[Record], new: dict[bytes | None, tuple[int, bytes]]) -> bool:
        """Add records to the new ones; True when one deletes what was read before."""
        deleted = False
        for record in records:
            self.offset = record.offset
            known = new.pop(record.key, None)
            if record.value is not None:
                new[record.key] = record.offset, record.value
            else:
                deleted = deleted or known is None
        return deleted

    async def _settle(self, records: list[tuple[int, bytes]], *, first: bool) -> None:
        found = await asyncio.to_thread(select, records)
        version = found.version
        if first and not records:
            version = builtin()
        if version is not None:
            self._activate(version)
        self._log_refused(found.refused)
        self.refused = found.refused
        self._read.set()
        self._well()
        self.on_change()

    def _activate(self, version: RuleVersion) -> None:
        current = self._active.current
        same = (version.version, version.since) == (current.version, current.since)
        if not same:
            self._active.activate(version)
        if not same or not self._read.is_set():
            author, note = shown(version.author), shown(version.note, 200)
            logger.info(
                "judging by rules %s%s%s",
                version.version,
                f", published by {author}" if author else "",
                f": {note}" if note else "",
            )

    def _log_refused(self, refused: Refusal | None) -> None:
        if refused is None or refused == self.refused:
            return
        version = self._active.current.version
        remedy = "upgrade this worker, or publish rules that it can use, as by"
        if refused.is_foreign:
            remedy = "see who writes to the topic, and publish the rules again, as by"
        logger.error(
            "%s in topic %s cannot be used: %s. Judging goes on by rules %s: %s "
            "`rules rollback %s`",
            refused.what,
            self.topic,
            refused.why,
            version,
            remedy,
            version,
        )

    def _well(self) -> None:
        if self._failure is not None:
            logger.info("topic %s is readable again", self.topic)
        self._failure = None
        self._pause = _FIRST_PAUSE

    def _failed(self, why: str) -> None:
        failure = f"the rules in topic {self.topic} cannot be read ({why})"
        if failure != self._failure:
            logger.warning("%s; trying again", failure)
        self._failure = failure
