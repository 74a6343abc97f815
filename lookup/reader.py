"""Reads single records of partitions, wherever they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from confluent_kafka import Consumer, KafkaException, TopicPartition
from faust_transactions import TAIL_CONSUMER

from cluster import ClusterError
from cluster.errors import PARTITION_EOF, Stopped, reason
from cluster.reach import quiet
from config import Settings
from lookup.bounded_read import Record

T = TypeVar("T")

_POLL: Final = 0.2
_METADATA: Final = 5.0
_CONFIG: Final = {
    **TAIL_CONSUMER,
    # A read wants one record: little is fetched along with it.
    "fetch.message.max.bytes": 32 * 1024,
    "queued.min.messages": 1,
    # With so little wanted, librdkafka would not fetch for a second after each record.
    "fetch.queue.backoff.ms": 1,
}


class RecordReader:
    """One consumer that joins no group. For a `with`, which closes it.

    All reads together take ``timeout`` seconds at most. Blocks; `stop` ends a read within a
    fraction of a second, with Stopped.
    """

    def __init__(
        self, settings: Settings, timeout: float = 20.0, stop: Callable[[], bool] = lambda: False
    ) -> None:
        # The group is only named, for clusters where this one alone is allowed.
        self._consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **_CONFIG})
        self._deadline = time.monotonic() + timeout
        self._stop = stop
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def first(
        self, topic: str, partition: int, begin: int, end: int, pick: Callable[[Record], T | None]
    ) -> T | None:
        """What ``pick`` makes of the first committed record in [begin, end) that it wants.

        ``end`` is at most the end of the partition. Raises ClusterError.
        """
        try:
            if topic not in self._known:
                # Else librdkafka would ask for the topic's leaders within the next second.
                self._consumer.list_topics(topic, timeout=_METADATA)
                self._known.add(topic)
            self._consumer.assign([TopicPartition(topic, partition, begin)])
            return self._poll(topic, partition, begin, end, pick)
        except KafkaException as exc:
            why = reason(exc.args[0])
            raise ClusterError(f"topic {topic} cannot be read: {why}") from exc

    def _poll(
        self, topic: str, partition: int, begin: int, end: int, pick: Callable[[Record], T | None]
    ) -> T | None:
        while begin < end:
            if self._stop():
                raise Stopped("stopped while a record was looked for")
            if time.monotonic() > self._deadline:
                raise ClusterError(
                    f"no answer about {topic}-{partition} in time: look at the state of the brokers"
                )
            message = self._consumer.poll(_POLL)
            if message is None:
                continue
            error = message.error()
            if error is not None and error.code() != PARTITION_EOF:
                raise KafkaException(error)
            record = cast(Record, message)
            begin = record.offset() + (error is None)
            if error is not None or record.offset() >= end:
                return None
            picked = pick(record)
            if picked is not None:
                return picked
        return None
