"""Read the newest committed record of each partition of a topic, then follow."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from faust_transactions.compat import close_consumer
from faust_transactions.kafka.offsets import Span
from faust_transactions.kafka.tail_search import TailSearch

#: The broker collects this long before it answers a fetch, which is what makes following cheap.
FETCH_WAIT = 0.25
_ENOUGH_BYTES = 1 << 20
_REQUEST_TIMEOUT = 10.0
_METADATA_AGE = 30.0
#: A partition that answered for this long without a record has none left to give.
_EXHAUSTED_AFTER = 1.0


class TailReader:
    """One connection to the brokers, without a consumer group; use it once, then `stop()`.

    Every method but `stop()` may raise an `aiokafka.errors.KafkaError` or OSError; the reader is
    then of no use any more. Partitions added to the topic are taken up within half a minute.
    """

    def __init__(self, topic: str, client_kwargs: Mapping[str, Any]) -> None:
        """Must be called in the running loop: aiokafka requires it."""
        self.topic = topic
        self._consumer = AIOKafkaConsumer(
            **{
                "group_id": None,
                "enable_auto_commit": False,
                "isolation_level": "read_committed",
                # Offsets that are gone mean another topic of the same name: start over.
                "auto_offset_reset": "none",
                "fetch_max_wait_ms": int(FETCH_WAIT * 1000),
                "fetch_min_bytes": _ENOUGH_BYTES,
                "request_timeout_ms": int(_REQUEST_TIMEOUT * 1000),
                "metadata_max_age_ms": int(_METADATA_AGE * 1000),
                "retry_backoff_ms": 250,
                # The embedded broker's transactional batches, but the first, have a wrong one.
                "check_crcs": False,
                **client_kwargs,
            }
        )
        self._searches: dict[TopicPartition, TailSearch] = {}
        self._progress: dict[TopicPartition, tuple[int, float]] = {}
        self._seen_topics: set[str] = set()

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Close the connection, started or not; never raises."""
        await close_consumer(self._consumer)

    @property
    def caught_up(self) -> bool:
        """True once all that was committed when the partitions were taken up has been read."""
        return all(search.settled for search in self._searches.values())

    @property
    def last_answer(self) -> int:
        """When a broker last answered a fetch, in ms since the epoch; 0 before it did."""
        assigned = self._consumer.assignment()
        return max((self._consumer.last_poll_timestamp(tp) or 0 for tp in assigned), default=0)

    async def take_up(self) -> bool:
        """Assign the topic's partitions, also those added since; False without a topic."""
        partitions = await self._partitions(self.topic)
        new = partitions - self._searches.keys()
        if new:
            begins = await self._consumer.beginning_offsets(list(new))
            ends = await self._consumer.end_offsets(list(new))
            going_on = {tp: await self._consumer.position(tp) for tp in self._searches}
            self._searches |= {tp: TailSearch(begins[tp], ends[tp]) for tp in new}
            # No await from here: assigning forgets all positions, and a fetch without one fails.
            self._consumer.assign(list(self._searches))
            for tp, search in self._searches.items():
                self._seek(tp, going_on.get(tp, search.start))
        return bool(partitions)

    async def poll(self, seconds: float) -> dict[int, ConsumerRecord]:
        """The newest record of each partition since the last poll; empty after `seconds`.

        Call `take_up()` before, each time: it costs nothing while no partition was added.
        """
        fetched = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        for tp, search in self._searches.items():
            if not search.settled:
                await self._step(tp, search, found=tp in fetched)
        return {tp.partition: records[-1] for tp, records in fetched.items()}

    async def has_more(self) -> bool:
        """Whether more was committed, by the last answers, than `poll()` has returned.

        librdkafka's mock cluster answers a fetch with one batch of each partition, so with one row.
        """
        for tp in self._searches:
            end = self._consumer.last_stable_offset(tp)
            if end is not None and await self._consumer.position(tp) < end:
                return True
        return False

    async def spans(self, topic: str) -> dict[int, Span]:
        """Begin, and end of what is committed, of each partition of any topic; empty without it."""
        partitions = list(await self._partitions(topic))
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {tp.partition: Span(begins[tp], ends[tp]) for tp in partitions}

    async def _step(self, tp: TopicPartition, search: TailSearch, *, found: bool) -> None:
        position = await self._consumer.position(tp)
        exhausted = not found and self._exhausted(tp, position)
        back = search.advance(position, found=found, exhausted=exhausted)
        if back is not None:
            self._seek(tp, back)

    def _exhausted(self, tp: TopicPartition, position: int) -> bool:
        known, since = self._progress.get(tp, (-1, 0.0))
        if position != known:
            self._progress[tp] = (position, time.time())
            return False
        answered = (self._consumer.last_poll_timestamp(tp) or 0) / 1000
        return bool(answered - since > _EXHAUSTED_AFTER)

    def _seek(self, tp: TopicPartition, offset: int) -> None:
        self._progress[tp] = (-1, 0.0)
        self._consumer.seek(tp, offset)

    async def _partitions(self, topic: str) -> set[TopicPartition]:
        if topic not in self._seen_topics:
            # Asking for one topic by its name would create it on many a broker, with the
            # broker's idea of how many partitions it has; asking for all of them does not.
            if topic not in await self._consumer.topics():
                return set()
            self._seen_topics.add(topic)
        numbers: Iterable[int] | None = self._consumer.partitions_for_topic(topic)
        if not numbers:
            # Makes the client learn about the topic, and wait until it has.
            await self._consumer.beginning_offsets([TopicPartition(topic, 0)])
            numbers = self._consumer.partitions_for_topic(topic)
        return {TopicPartition(topic, number) for number in numbers or ()}
