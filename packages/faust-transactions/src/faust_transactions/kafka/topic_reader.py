"""Read a partition from its beginning, then follow it."""

import time
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from faust_transactions.compat import close_consumer

__all__ = ["TopicReader"]

_FETCH_WAIT = 0.25
_REQUEST_TIMEOUT = 10.0
#: A partition that answered for this long without a record has none left to give.
_EXHAUSTED_AFTER = 1.0


class TopicReader:
    """One connection to the brokers, without a consumer group; use it once, then `stop()`.

    Reads uncommitted records too. Every method but `stop()` may raise an
    `aiokafka.errors.KafkaError` or OSError; the reader is then of no use any more.
    """

    def __init__(self, topic: str, client_kwargs: Mapping[str, Any], *, partition: int = 0) -> None:
        """Must be called in the running loop: aiokafka requires it."""
        self._tp = TopicPartition(topic, partition)
        self._consumer = AIOKafkaConsumer(
            **{
                "group_id": None,
                "enable_auto_commit": False,
                "isolation_level": "read_uncommitted",
                # Offsets that are gone mean another topic of the same name: start over.
                "auto_offset_reset": "none",
                "fetch_max_wait_ms": int(_FETCH_WAIT * 1000),
                "request_timeout_ms": int(_REQUEST_TIMEOUT * 1000),
                "retry_backoff_ms": 250,
                **client_kwargs,
            }
        )
        self._end = 0
        self._position = -1
        self._progressed = 0.0
        #: True once all that there was at the start has been read.
        self.caught_up = False

    async def start(self) -> bool:
        """Connect and go to the beginning; False when the topic has no such partition.

        The topic is not created by asking.
        """
        await self._consumer.start()
        # Asking for one topic by its name would create it on many a broker.
        if self._tp.topic not in await self._consumer.topics():
            return False
        begin = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        self._end = (await self._consumer.end_offsets([self._tp]))[self._tp]
        self._consumer.assign([self._tp])
        self._consumer.seek(self._tp, begin)
        self._progressed = time.time()
        self.caught_up = begin >= self._end
        return True

    async def stop(self) -> None:
        """Close the connection, started or not; never raises."""
        await close_consumer(self._consumer)

    @property
    def last_answer(self) -> int:
        """When a broker last answered a fetch, in ms since the epoch; 0 before it did."""
        return self._consumer.last_poll_timestamp(self._tp) or 0

    async def poll(self, seconds: float) -> list[ConsumerRecord]:
        """The records that follow the last ones; empty after `seconds`."""
        fetched = await self._consumer.getmany(self._tp, timeout_ms=int(seconds * 1000))
        position = await self._consumer.position(self._tp)
        if position != self._position:
            self._position, self._progressed = position, time.time()
        elif self.last_answer / 1000 - self._progressed > _EXHAUSTED_AFTER:
            # Compaction took what was before the end.
            self.caught_up = True
        self.caught_up = self.caught_up or position >= self._end
        records: list[ConsumerRecord] = fetched.get(self._tp, [])
        return records
