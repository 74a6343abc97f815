"""The last records of a topic, over all its partitions, without reading the topic."""

import heapq
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from faust_transactions.compat import close_consumer
from faust_transactions.kafka.header_names import accept_any_header_names

_REQUEST_TIMEOUT = 5.0
_LOOK = 1.0
_FETCH_BYTES = 1 << 18


class LatestRecords:
    """Reads the ends of the partitions when asked, and nothing in between.

    One reader may ask at a time. However much was written since the last look, each partition
    costs a fetch of its end; what lies between two looks is never read. Connects at the first look.
    """

    def __init__(self, topic: str, client_kwargs: Mapping[str, Any]) -> None:
        self._topic = topic
        self._options = {
            "group_id": None,
            "enable_auto_commit": False,
            "isolation_level": "read_committed",
            "auto_offset_reset": "earliest",
            "request_timeout_ms": int(_REQUEST_TIMEOUT * 1000),
            "max_partition_fetch_bytes": _FETCH_BYTES,
            # The embedded broker's transactional batches, but the first, have a wrong one.
            "check_crcs": False,
            **client_kwargs,
        }
        self._consumer: AIOKafkaConsumer | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._records: dict[TopicPartition, deque[ConsumerRecord[Any, Any]]] = {}

    async def latest(self, size: int) -> list[bytes]:
        """Return the values of the last `size` committed records by timestamp, newest first.

        Empty without the topic, which is not created. Takes a second at most where brokers are
        there. Raises aiokafka's KafkaError or OSError; the next call connects anew.
        """
        try:
            await self._look(size)
        except BaseException:
            await self.close()
            raise
        newest = heapq.nlargest(
            size,
            (record for records in self._records.values() for record in records),
            key=lambda record: (record.timestamp, record.offset),
        )
        return [record.value for record in newest if record.value is not None]

    async def close(self) -> None:
        """Close the connection and forget what was read; `latest` connects again."""
        consumer, self._consumer = self._consumer, None
        self._ends.clear()
        self._records.clear()
        if consumer is not None:
            await close_consumer(consumer)

    async def _look(self, size: int) -> None:
        consumer = await self._connected()
        partitions = await self._partitions(consumer)
        if not partitions:
            return
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for tp in partitions:
            if ends[tp] < self._ends.get(tp, 0):  # another topic of the same name
                self._ends.pop(tp)
                self._records.pop(tp, None)
        grown = [tp for tp in partitions if ends[tp] > self._ends.get(tp, begins[tp])]
        if set(partitions) != set(consumer.assignment()):
            consumer.assign(partitions)
            for tp in partitions:
                consumer.seek(tp, ends[tp])
        for tp in grown:
            # A transaction of one record is two offsets, the record's and the marker's.
            consumer.seek(tp, max(begins[tp], self._ends.get(tp, 0), ends[tp] - 2 * size))
        consumer.resume(*grown)
        try:
            await self._read(consumer, {tp: ends[tp] for tp in grown}, size)
        finally:
            # Else the client would go on fetching what nobody is going to look at.
            consumer.pause(*partitions)
        self._ends.update(ends)

    async def _read(
        self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], size: int
    ) -> None:
        deadline = time.monotonic() + _LOOK
        while ends and time.monotonic() < deadline:
            fetched = await consumer.getmany(*ends, timeout_ms=100)
            for tp, records in fetched.items():
                self._records.setdefault(tp, deque(maxlen=size)).extend(records)
            for tp in list(ends):
                if await consumer.position(tp) >= ends[tp]:
                    del ends[tp]

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            # A worker has done so already; a program without one has not.
            accept_any_header_names()
            self._consumer = AIOKafkaConsumer(**self._options)
            await self._consumer.start()
        return self._consumer

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        numbers = consumer.partitions_for_topic(self._topic)
        if not numbers:
            # Asking for all topics, as asking for this one could create it.
            if self._topic not in await consumer.topics():
                return []
            await consumer.beginning_offsets([TopicPartition(self._topic, 0)])
            numbers = consumer.partitions_for_topic(self._topic)
        return [TopicPartition(self._topic, number) for number in sorted(numbers or ())]
