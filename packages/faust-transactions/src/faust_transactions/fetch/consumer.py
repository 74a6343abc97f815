"""Faust's Kafka transport, fetching batches of the engine's topics.

Faust pays 120 to 600 microseconds for each event that passes its conductor, streams and acks. Here
the event is a batch, so that price is paid once a fetch.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from faust_transactions import compat
from faust_transactions.batch import Batch
from faust_transactions.errors import Fenced
from faust_transactions.fetch.consumer_thread import BatchConsumerThread
from faust_transactions.fetch.fetching import OUTSTANDING, Fetch, Fetched
from faust_transactions.fetch.stoppable_producer import StoppableProducer
from faust_transactions.protocols import TaskOwner
from faust_transactions.task import StreamTask

__all__ = ["BatchConsumer", "BatchSchema", "BatchTransport"]

#: How long to wait for records (s) while some partitions are left out because they are full.
SHORT_WAIT = 0.005
#: Partitions whose batches wait for the agent, from which on a fetch waits: what it brings would
#: only take memory (docs/adr/0037).
MOST_WAITING = 8
#: How long (s) it waits at most.
WAIT_FOR_AGENT = 0.1
#: Seconds between checks whether the worker can be a member of its group.
MEMBERSHIP_EVERY = 1.0


class BatchSchema(faust.Schema[Any, Any]):
    """The value of an event is the batch; its records are decoded by the agent."""

    def loads_key(
        self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None
    ) -> Any:
        """Batches have no key."""
        return None

    def loads_value(
        self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None
    ) -> Any:
        """The batch that the consumer made."""
        return message.value


class BatchConsumer(compat.Consumer):
    """Yields one message for each batch of the engine's topics; other topics as ever."""

    engine: TaskOwner
    Thread = BatchConsumerThread

    @property
    def thread(self) -> BatchConsumerThread:
        """The thread in which aiokafka's consumer runs."""
        return cast(BatchConsumerThread, super().thread)

    @property
    def coordinator(self) -> object:
        """Equal to what it was for as long as the group's coordinator was neither lost nor found.

        May be asked for in any thread.
        """
        return self.thread.coordinator

    async def group_member(self) -> tuple[int, str]:
        """Generation of the group and this member's id in it."""
        found: tuple[int, str] = await self.thread.call_thread(self.thread.group_member)
        return found

    async def group_members(self) -> frozenset[str] | None:
        """The ids of the group's members; None where the brokers do not know the question.

        Raises :class:`Fenced` when the coordinator does not tell: it is looked for again when the
        worker rejoins, and not before.
        """
        try:
            found = await self.thread.call_thread(self.thread.group_members)
        except (KafkaError, TimeoutError) as exc:
            raise Fenced(f"the group's coordinator does not answer: {exc!r}") from exc
        return cast("frozenset[str] | None", found)

    async def check_membership(self) -> None:
        """See `BatchConsumerThread.check_membership`."""
        await self.thread.call_thread(self.thread.check_membership)

    # Not a timer of the app: those begin when it has its partitions.
    @Service.task
    async def _watch_membership(self) -> None:
        while not self.should_stop:
            await self.sleep(MEMBERSHIP_EVERY)
            if not self.should_stop:
                await self.engine.check_membership()

    async def rejoin(self) -> None:
        """Leave the present assignment and rejoin the group (a rebalance)."""
        await self.thread.call_thread(self.thread.request_rejoin)

    # -- rebalance

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """End the tasks before Faust lets go."""
        await self.engine.on_revoked()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin the tasks before Faust recovers and seeks."""
        # Faust seeks to the positions that are read back here.
        await self.engine.on_assigned(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """End the tasks: a commit under way is awaited, unless the brokers are away."""
        await self.engine.on_stop()
        await super().on_stop()

    async def perform_seek(self) -> None:
        """Seek to what is committed; the table's row knows better than the group's offset."""
        await super().perform_seek()
        tasks = [task for task in self.engine.tasks.values() if task.is_active]
        new = [task.tp for task in tasks if task.position is None]
        earliest = await self.earliest_offsets(*new) if new else {}
        for task in tasks:
            if not task.is_active:
                continue  # stopped meanwhile
            if task.position is None:
                task.start_at(self._first_position(task, earliest[task.tp]))
            await self.rewind(task)
        # Faust resumes the flow before the partitions: the fetcher found none to fetch from, and
        # waits. Without this it would go on after its time-out of a second.
        self.engine.capacity.set()

    def _first_position(self, task: StreamTask, earliest: int) -> int:
        """Where a partition without a row begins: at the group's offset, if there is one."""
        offset = self.group_offset(task.tp)
        if not offset:
            return earliest
        # An operator chose where a new app begins, or the changelog was deleted.
        self.log.warning(
            "%s has no row: it begins at the group's offset %d, with an empty state",
            task.name,
            offset,
        )
        return offset

    async def rewind(self, task: StreamTask) -> None:
        """Fetch a partition again from its committed position."""
        fetch = await self._seek_task(task, cast(int, task.position))
        if fetch is not None:
            task.sought(fetch)

    async def skip(self, task: StreamTask, offset: int) -> None:
        """Go on fetching at ``offset``; what is in flight stays."""
        fetch = await self._seek_task(task, offset)
        if fetch is not None:
            task.skipped(fetch, offset)

    async def _seek_task(self, task: StreamTask, offset: int) -> int | None:
        # In the consumer's own thread: aiokafka's futures belong to that thread's loop.
        try:
            fetch: int = await self.thread.call_thread(self.thread.seek_now, task.tp, offset)
        except KafkaError as exc:
            # Not assigned any more, or not yet: the seek that ends the rebalance will do.
            self.log.info("%s: seek failed, not assigned: %r", task.tp, exc)
            return None
        self.note_position(task.tp, offset)
        return fetch

    # -- fetch

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109 - Faust's
    ) -> AsyncIterator[tuple[TP, Any]]:
        """Yield what the next fetch brings."""
        generation = self.app.consumer_generation_id
        for buffered in self._buffered(generation):
            yield buffered
        fetches = await self._next_fetches(timeout)
        if self.should_stop:
            return
        if not self.flow_active:
            await self._fetch_again(fetches)
            return
        for source, fetch in fetches.items():
            for tp, message in await self._messages(TP(source.topic, source.partition), fetch):
                if self._is_over(generation):
                    return
                yield tp, message
        for buffered in self._buffered(generation):
            yield buffered

    async def _fetch_again(self, fetches: Mapping[TP, Fetch]) -> None:
        """Go back before records that came while the flow is suspended: they are dropped."""
        if any(fetch.records for fetch in fetches.values()):
            await self.perform_seek()

    def _buffered(self, generation: int) -> Iterator[tuple[TP, ConsumerMessage]]:
        """What is buffered of the partitions that may hand out more."""
        for task in list(self.engine.tasks.values()):
            while task.buffered and task.outstanding < OUTSTANDING:
                if self._is_over(generation):
                    return
                yield task.tp, self._to_batch(task, task.buffered.popleft())

    def _is_over(self, generation: int) -> bool:
        """Whether a rebalance has begun, or been, since this generation's fetch."""
        return not self.flow_active or self.app.consumer_generation_id != generation

    async def _messages(self, tp: TP, fetch: Fetch) -> Sequence[tuple[TP, Any]]:
        if not self.engine.handles(tp.topic):
            return [(tp, self.message(tp, record)) for record in fetch.records]
        task = self.engine.tasks.get(tp)
        if task is None:
            return ()
        match task.accept(fetch):
            case Fetched.OLD:
                return ()
            case Fetched.GAP:
                await self.rewind(task)
                return ()
            case Fetched.OUT_OF_RANGE:
                self.engine.on_out_of_range(task)
                return ()
        # Buffered first, as one fetch may bring any number of batches: were they all handed out, a
        # partition that waits would have its batches with every actor, and the others none.
        if fetch.records:
            task.buffered.extend(
                split(fetch.records, self.engine.max_records, self.engine.max_bytes)
            )
        return ()

    def _to_batch(self, task: StreamTask, records: Sequence[Any]) -> ConsumerMessage:
        last = records[-1]
        origin = task.hand_out(records)
        batch = Batch(last.topic, last.partition, records, origin)
        return ConsumerMessage(
            last.topic,
            last.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            cast(Any, batch),
            None,
            0,
            0,
            task.tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _next_fetches(self, timeout: float) -> Mapping[TP, Fetch]:  # noqa: ASYNC109
        await self._wait_for_agent()
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
        active = self.active_partitions
        open_for_more = {tp for tp in active if not self._is_full(tp)}
        if not open_for_more:
            await self._wait_for_capacity(timeout)
            if not self.engine.capacity.is_set() and not self.should_stop:
                await self.thread.call_thread(self.thread.still_polling)
            return {}
        if len(open_for_more) < len(active):
            timeout = SHORT_WAIT
        return await self.fetch(open_for_more, timeout)

    async def _wait_for_agent(self) -> None:
        """Wait while many batches wait for the agent, but not for long: some may never be begun."""
        ends = time.monotonic() + WAIT_FOR_AGENT
        while self._waiting >= MOST_WAITING and (left := ends - time.monotonic()) > 0:
            await self._wait_for_capacity(left)
            if self.should_stop or not self.flow_active:
                return

    async def _wait_for_capacity(self, seconds: float) -> None:
        """Wait so long, or until capacity is reported from now on or the flow is suspended."""
        self.engine.capacity.clear()
        await self.wait_first(
            cast(Any, self.engine.capacity), self.suspend_flow.wait(), timeout=seconds
        )

    @property
    def _waiting(self) -> int:
        return sum(task.is_waiting for task in self.engine.tasks.values())

    def _is_full(self, tp: TP) -> bool:
        task = self.engine.tasks.get(tp)
        if task is None:
            return False
        return task.is_full

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Check, for other topics, that events come through."""
        # Faust reports a partition that does not move as a fault; here it may wait for its
        # provider as long as it takes, and its lag is a metric.
        if not self.engine.handles(tp.topic):
            super().verify_event_path(now, tp)


def split(records: Sequence[Any], max_records: int, max_bytes: int) -> Iterator[Sequence[Any]]:
    """Cut what was fetched into batches no larger than the bounds (one record may exceed them)."""
    for start in range(0, len(records), max_records):
        some = records[start : start + max_records]
        sizes = [len(record.value or b"") + len(record.key or b"") for record in some]
        if sum(sizes) <= max_bytes:
            yield some
        else:
            yield from _split_by_bytes(some, sizes, max_bytes)


def _split_by_bytes(
    records: Sequence[Any], sizes: Sequence[int], max_bytes: int
) -> Iterator[Sequence[Any]]:
    start, total = 0, 0
    for index, size in enumerate(sizes):
        if index > start and total + size > max_bytes:
            yield records[start:index]
            start, total = index, 0
        total += size
    yield records[start:]


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with the consumer above."""

    Consumer = BatchConsumer
    Producer = StoppableProducer
    engine: TaskOwner

    def create_consumer(self, callback: Any, **kwargs: Any) -> Any:
        """Create the consumer and make the engine known to it."""
        consumer = super().create_consumer(callback, **kwargs)
        cast(BatchConsumer, consumer).engine = self.engine
        return consumer
