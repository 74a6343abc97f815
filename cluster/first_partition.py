"""Reading and writing topics of one partition, small enough to be read as a whole."""

from __future__ import annotations

import time
from typing import Any, NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from faust_transactions import committed_spans, partitions_of

from cluster.errors import PARTITION_EOF, ClusterError, reason
from cluster.reach import quiet
from config import Settings

__all__ = ["PARTITION", "Stored", "append", "read_all"]

#: On the embedded broker every topic has more; the others stay empty.
PARTITION = 0

_POLL = 0.2
_READER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    # Nothing here is written in transactions; one of another program must not hide what follows.
    "isolation.level": "read_uncommitted",
    # What compaction takes away meanwhile is gone.
    "auto.offset.reset": "earliest",
    # An answer without records is one too here, so the broker must not hold it back.
    "fetch.wait.max.ms": 10,
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


def read_all(settings: Settings, topic: str, timeout: float = 30.0) -> list[Stored]:
    """All records that are there now; empty when the topic does not exist, which is not created.

    Joins no group. Raises ClusterError.
    """
    deadline = time.monotonic() + timeout
    # The group is only named, for clusters where this one alone is allowed.
    consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **_READER})
    try:
        if PARTITION not in partitions_of(consumer, topic, deadline):
            return []
        span = committed_spans(consumer, topic, [PARTITION], deadline)[PARTITION]
        consumer.assign([TopicPartition(topic, PARTITION, span.begin)])
        found = _up_to(consumer, span.end, deadline) if span.begin < span.end else []
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be read: {reason(exc.args[0])}") from exc
    finally:
        consumer.close()
    if found is None:
        raise ClusterError(f"topic {topic} was not read in {timeout:g} s: look at the brokers")
    return found


def _up_to(consumer: Consumer, end: int, deadline: float) -> list[Stored] | None:
    found: list[Stored] = []
    while time.monotonic() < deadline:
        message = consumer.poll(_POLL)
        if message is None:
            continue
        error = message.error()
        if error is not None:
            if error.code() == PARTITION_EOF:
                return found
            if error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # nothing of it is used
                raise KafkaException(error)
            continue
        offset = cast(int, message.offset())
        if offset < end:
            found.append(Stored(offset, message.key(), message.value()))
        if offset >= end - 1:
            return found
    return None


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
        producer.flush(timeout + 1)
    except KafkaException as exc:
        raise ClusterError(_not_written(topic, exc.args[0], len(value))) from exc
    if not outcome:
        raise ClusterError(f"topic {topic}: no acknowledgement in {timeout:g} s: read it again")
    error, message = outcome[0]
    if error is not None:
        raise ClusterError(_not_written(topic, error, len(value)))
    return cast(int, message.offset())


def _not_written(topic: str, error: KafkaError, size: int) -> str:
    said = f"topic {topic} cannot be written: {reason(error)}"
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return f"{said}: raise its max.message.bytes above {size:,}"
    return said
