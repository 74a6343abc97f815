"""Follow the changelog of a table in which each partition holds one row.

A Faust table holds only the rows of the partitions that its worker owns. To see the rows of all
partitions, whichever worker writes them, follow the changelog: one small consumer for each worker.
It belongs to no group, so it never takes part in a rebalance, and it reads committed records only.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from mode import Service

from faust_transactions.kafka.offsets import Span
from faust_transactions.kafka.tail_reader import FETCH_WAIT, TailReader
from faust_transactions.kafka.versioned import Versioned
from faust_transactions.observe.failures import ReasonLog, where

T = TypeVar("T")

_POLL_TIMEOUT = 1.0
_SILENCE = 5.0
_NO_TOPIC_PAUSE = 1.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class ChangelogFollower(Service, Generic[T]):
    """The last committed row of every partition of `topic`, at most half a second old.

    `decode` makes a row from a record's value; where it raises, the row before is kept. With
    `source_topic`, `source_begins` and `source_ends` are the offsets at which that topic begins and
    ends for a reader of committed records. `client_kwargs` say how aiokafka reaches the brokers.

    Raises nothing: while the brokers are away the rows stay as they were, `connected` is False, and
    it tries again with pauses of up to 10 s. Each reason is logged when it is new.
    """

    mundane_level = "debug"

    def __init__(
        self,
        topic: str,
        decode: Callable[[bytes], T],
        *,
        client_kwargs: Mapping[str, Any],
        source_topic: str | None = None,
        poll_interval: float = FETCH_WAIT,
        ends_interval: float = 2.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.topic = topic
        self.ready = False
        self.connected = False
        self._decode = decode
        self._client_kwargs = client_kwargs
        self._source_topic = source_topic
        self._poll_interval = poll_interval
        self._ends_interval = ends_interval
        self._rows: dict[int, T] = {}
        self._source: dict[int, Span] = {}
        self._ends_due = 0.0
        self._undecodable: set[int] = set()
        self._changes = Versioned()
        self._log_failure = ReasonLog(self.log.logger, logging.WARNING)
        self._failing = False
        self._pause = _FIRST_PAUSE

    @property
    def rows(self) -> Mapping[int, T]:
        """Partition -> row, for the partitions that have one. A live view: it changes."""
        return MappingProxyType(self._rows)

    @property
    def source_begins(self) -> Mapping[int, int]:
        """Partition of the source topic -> its first offset, a few seconds old at most."""
        return {partition: span.begin for partition, span in self._source.items()}

    @property
    def source_ends(self) -> Mapping[int, int]:
        """Partition of the source topic -> its end offset, a few seconds old at most."""
        return {partition: span.end for partition, span in self._source.items()}

    @property
    def version(self) -> int:
        """A counter of the rows' changes."""
        return self._changes.version

    async def wait_changed(self, version: int, seconds: float) -> int:
        """Wait until the version is above `version`, `seconds` at most; returns it."""
        return await self._changes.wait_changed(version, seconds)

    @Service.task
    async def _follow(self) -> None:
        while not self.should_stop:
            try:
                await self._session()
            except (KafkaError, OSError, TimeoutError) as exc:
                self._failed(f"not readable, trying again ({type(exc).__name__}: {exc})")
            except Exception as exc:  # noqa: BLE001 - one that leaves a task ends the whole worker
                self._failed(
                    f"the follower failed, trying again ({type(exc).__name__})\n{where(exc)}"
                )
            self.connected = False
            await self.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _session(self) -> None:
        reader = TailReader(self.topic, self._client_kwargs)
        try:
            await reader.start()
            silent_since = time.monotonic()
            last_answer = 0
            while not self.should_stop:
                began = time.monotonic()
                if await reader.take_up():
                    for partition, record in (await reader.poll(_POLL_TIMEOUT)).items():
                        self._apply(partition, record)
                    if reader.last_answer != last_answer:
                        last_answer, silent_since = reader.last_answer, time.monotonic()
                        self._well()
                    elif time.monotonic() - silent_since > _SILENCE:
                        raise TimeoutError(f"no answer for {_SILENCE:g} s")
                else:
                    # No row was written yet; the metadata that says so is an answer too.
                    silent_since = time.monotonic()
                    self._well()
                    await self.sleep(_NO_TOPIC_PAUSE)
                async with asyncio.timeout(_SILENCE):  # aiokafka's own is 10 s
                    await self._look_at_source(reader)
                if reader.caught_up:
                    self.ready = True
                    if not await reader.has_more():
                        await self.sleep(max(0.0, began + self._poll_interval - time.monotonic()))
        finally:
            await reader.stop()

    def _apply(self, partition: int, record: ConsumerRecord[Any, Any]) -> None:
        if record.value is None:
            self._replace(partition, None)
            return
        try:
            row = self._decode(record.value)
        except Exception as exc:  # noqa: BLE001 - whatever the caller's function raises
            if partition not in self._undecodable:
                self._undecodable.add(partition)
                self.log.warning(
                    "%s: kept the row of partition %d, the one at offset %d is not readable (%s)",
                    self.topic,
                    partition,
                    record.offset,
                    type(exc).__name__,
                )
            return
        self._undecodable.discard(partition)
        self._replace(partition, row)

    def _replace(self, partition: int, row: T | None) -> None:
        if self._rows.get(partition) == row:
            return
        if row is None:
            del self._rows[partition]
        else:
            self._rows[partition] = row
        self._changes.changed()

    async def _look_at_source(self, reader: TailReader) -> None:
        if self._source_topic is not None and time.monotonic() >= self._ends_due:
            self._ends_due = time.monotonic() + self._ends_interval
            self._source = await reader.spans(self._source_topic)

    def _well(self) -> None:
        if self._failing:
            self.log.info("%s: readable again", self.topic)
            self._log_failure.forget()
        self._failing = False
        self.connected = True
        self._pause = _FIRST_PAUSE

    def _failed(self, reason: str) -> None:
        self._failing = True
        self._log_failure(reason, "%s: %s", self.topic, reason)
