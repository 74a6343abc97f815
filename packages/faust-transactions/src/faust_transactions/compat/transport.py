"""Faust's transport: base classes for the engine's consumer and its thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from faust_transactions.compat.aiokafka import leave_fetch_context
from faust_transactions.kafka.closed_connections import report_closed_connections
from faust_transactions.kafka.header_names import accept_any_header_names

__all__ = [
    "Consumer",
    "ConsumerThread",
    "current_producer",
]

#: Longest wait (s) for a start of aiokafka's consumer that was cancelled.
CANCEL_TIMEOUT = 1.0


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, reading committed records, with methods to override.

    Relies on ``_create_worker_consumer`` (called once, in the thread, before the consumer starts),
    on its reading of ``consumer.in_transaction`` for the isolation level and for nothing else, on
    ``_fetch_records`` (called in the thread for each fetch) and on ``_ensure_consumer``. Faust has
    no setting for the isolation level but ``processing_guarantee``, which brings its own
    transactions along, and no hook around a fetch.

    ``on_start`` relies on Faust's to start aiokafka's consumer and to do nothing after that.
    ``stop`` relies on ``_thread_started`` (set before the thread is made) and on ``_thread``.
    """

    #: The fetch under way.
    _fetching: asyncio.Timeout | None = None

    @property
    def client(self) -> AIOKafkaConsumer:
        """Aiokafka's consumer. Raises Faust's ConsumerNotStarted before there is one."""
        return self._ensure_consumer()

    def on_consumer_created(self, consumer: AIOKafkaConsumer) -> None:
        """Configure aiokafka's consumer before it starts. To be overridden."""

    async def fetched(
        self, consumer: AIOKafkaConsumer, partitions: set[TP], records: Mapping[TP, Any]
    ) -> Mapping[TP, Any]:
        """Turn what a fetch brought into what `Consumer.fetch` returns. To be overridden."""
        return records

    def end_fetch(self) -> None:
        """End the fetch that waits for records, if there is one: it brings nothing. In the thread.

        What aiokafka has of the partitions stays there for the next fetch.
        """
        fetching, self._fetching = self._fetching, None
        if fetching is not None:
            fetching.reschedule(self.thread_loop.time())

    async def on_start(self) -> None:
        """Start aiokafka's consumer; give that up when the thread is stopped.

        It waits for the brokers' answers, which may never come.
        """
        starting = asyncio.ensure_future(super().on_start())
        if await self.wait_for_stopped(starting):  # which has cancelled it
            await asyncio.wait([starting], timeout=CANCEL_TIMEOUT)

    async def stop(self) -> None:
        """Stop, also while the thread starts.

        Mode's own does nothing until the thread runs. The thread would go on then, and its process
        would never end.
        """
        if self._thread_started.is_set():
            await Service.stop(self)  # the thread sees it as soon as its loop runs
            if self._thread is not None:
                self._thread.stop()

    def _create_worker_consumer(self, transport: Any) -> Any:
        self.consumer.in_transaction = True
        accept_any_header_names()
        report_closed_connections()
        try:
            consumer = super()._create_worker_consumer(transport)
        finally:
            self.consumer.in_transaction = False
        self.on_consumer_created(consumer)
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], *args: Any, **kwargs: Any
    ) -> Any:
        records: Any = {}
        try:
            async with asyncio.timeout(None) as fetching:
                self._fetching = fetching
                records = await super()._fetch_records(consumer, active_partitions, *args, **kwargs)
        except TimeoutError:
            if not fetching.expired():
                raise
            leave_fetch_context(consumer)
        finally:
            if self._fetching is fetching:
                self._fetching = None
        return await self.fetched(consumer, active_partitions, records)


class Consumer(driver.Consumer):
    """Faust's consumer, with public names for what a subclass needs of it.

    Relies on ``_new_consumer_thread``, ``_thread``, ``_wait_next_records`` (called by ``getmany``
    of Faust's consumer), ``_getmany``, ``_get_active_partitions``, ``_committed_offset``,
    ``_read_offset`` and ``_to_message``. Faust has no hook between its fetch and its conductor.
    """

    #: The class of `thread`.
    Thread: ClassVar[type[ConsumerThread]] = ConsumerThread

    _thread: ConsumerThread

    @property
    def thread(self) -> ConsumerThread:
        """The thread in which aiokafka's consumer runs."""
        return self._thread

    @property
    def active_partitions(self) -> set[TP]:
        """The assigned partitions that are not paused."""
        return self._get_active_partitions()

    def group_offset(self, tp: TP) -> int | None:
        """The offset the group had committed at the last `perform_seek`."""
        return self._committed_offset[tp]

    def note_position(self, tp: TP, offset: int) -> None:
        """Tell Faust where a partition is read from, after a seek in the thread."""
        self._read_offset[tp] = offset

    async def fetch(self, partitions: set[TP], timeout: float) -> Mapping[TP, Any]:  # noqa: ASYNC109
        """Fetch from these partitions, in the thread; what `ConsumerThread.fetched` returned."""
        return cast("Mapping[TP, Any]", await self._getmany(partitions, timeout))

    def message(self, tp: TP, record: Any) -> Any:
        """Faust's message of a fetched record."""
        return self._to_message(tp, record)

    def _new_consumer_thread(self) -> Any:
        return self.Thread(self, loop=self.loop, beacon=self.beacon)


def current_producer(producer: driver.Producer) -> AIOKafkaProducer | None:
    """Aiokafka's producer behind Faust's, None when it is not started.

    Faust's ``on_stop()`` forgets it before it stops it, so that whoever limits the time of that has
    to hold it. Relies on ``Producer._producer``.
    """
    return producer._producer
