"""Reading and writing topics of one partition, small enough to be read as a whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from faust_transactions import TAIL_CONSUMER, committed_spans, partitions_of

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from cluster.reading.tail_messages import is_of_the_topic
from config import Settings

__all__ = ["PARTITION", "PartitionReader", "Stored", "append", "read_all"]

#: On the embedded broker every topic has more; the others stay empty.
PARTITION = 0

_POLL = 0.2
_READER = {
    **TAIL_CONSUMER,
    # Nothing here is written in transactions; one of another program must not hide what follows.
    "isolation.level": "read_uncommitted",
}
_WRITER = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 0,
    "message.max.bytes": 100 * 1024 * 1024,
}


class Stored(NamedTuple):
    """A record of the partition."""

    offset: int
    key: bytes | None
    value: bytes | None


class PartitionReader:
    """Reads the first partition of a topic from its beginning on, whenever it is asked to.

    Joins no group. As a context manager it is closed at the end of the block.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        # The group is only named, for clusters where this one alone is allowed.
        self._consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **_READER})
        self._topic = topic
        self._next: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def read(self, timeout: float = 30.0) -> list[Stored]:
        """The records that there are now, without those of earlier calls.

        Empty when the topic does not exist, which is not created. Raises ClusterError.
        """
        deadline = time.monotonic() + timeout
        with _explained(self._topic):
            if PARTITION not in partitions_of(self._consumer, self._topic, deadline):
                return []
            spans = committed_spans(self._consumer, self._topic, [PARTITION], deadline)
            begin, end = spans[PARTITION]
            if self._next is None:
                self._next = begin
                self._consumer.assign([TopicPartition(self._topic, PARTITION, begin)])
            found = self._up_to(end, deadline)
        if self._next < end:
            text = f"topic {self._topic} was not read in {timeout:g} s"
            raise ClusterError(f"{text}: look at the state of the brokers")
        return found

    def _up_to(self, end: int, deadline: float) -> list[Stored]:
        found: list[Stored] = []
        while self._next is not None and self._next < end and time.monotonic() < deadline:
            message = self._consumer.poll(_POLL)
            if message is None or not is_of_the_topic(message):
                continue
            offset = cast(int, message.offset())
            if message.error() is None:
                self._next = offset + 1
                found.append(Stored(offset, message.key(), message.value()))
            else:
                self._next = max(self._next, offset)
        return found


def read_all(settings: Settings, topic: str, timeout: float = 30.0) -> list[Stored]:
    """All records that are there now, as `PartitionReader.read`. Raises ClusterError."""
    with PartitionReader(settings, topic) as reader:
        return reader.read(timeout)


def append(settings: Settings, topic: str, key: bytes, value: bytes, timeout: float = 30.0) -> int:
    """Write a record, acknowledged by all in-sync replicas; returns its offset.

    Raises ClusterError.
    """
    outcome: list[tuple[KafkaError | None, Message]] = []
    config: dict[str, Any] = {**quiet(settings), **_WRITER}
    producer = Producer({**config, "message.timeout.ms": int(timeout * 1000)})
    try:
        producer.produce(
            topic, value, key, PARTITION, on_delivery=lambda *each: outcome.append(each)
        )
        # In slices: as long as librdkafka waits no signal is handled.
        deadline = time.monotonic() + timeout + 1
        while not outcome and time.monotonic() < deadline:
            producer.poll(_POLL)
    except KafkaException as exc:
        raise ClusterError(_not_written(topic, exc.args[0], len(value))) from exc
    if not outcome:
        raise ClusterError(f"topic {topic}: no acknowledgement in {timeout:g} s: read it again")
    error, message = outcome[0]
    if error is not None:
        raise ClusterError(_not_written(topic, error, len(value)))
    return cast(int, message.offset())


@contextmanager
def _explained(topic: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be read: {reason(exc.args[0])}") from exc


def _not_written(topic: str, error: KafkaError, size: int) -> str:
    said = f"topic {topic} cannot be written: {reason(error)}"
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return f"{said}: raise its max.message.bytes above {size:,}"
    return said
