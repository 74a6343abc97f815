"""Writes and reads whole topics, without Faust."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

Config = Mapping[str, Any]


class Read(NamedTuple):
    """A record as a consumer got it; `timestamp` in ms."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    timestamp: int


def create_topic(
    bootstrap: str,
    topic: str,
    partitions: int = 4,
    *,
    config: Mapping[str, str] | None = None,
    client: Config | None = None,
) -> None:
    """Create a topic and wait until the broker leads its partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap, **(client or {})})
    new = NewTopic(topic, partitions, 1, config=dict(config or {}))
    admin.create_topics([new])[topic].result(30)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = admin.list_topics(topic, timeout=10).topics[topic].partitions
        if len(found) == partitions and all(one.leader >= 0 for one in found.values()):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{topic} has no leaders after 30 s")


def delete_topic(bootstrap: str, topic: str) -> None:
    """Delete a topic and wait until the broker has forgotten it.

    A worker that asks for the topic may make the broker create it anew at once. That one, which
    has another topic id, counts as another topic.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deleted = _topic_id(admin, topic)
    admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + 30
    while topic in admin.list_topics(timeout=10).topics and _topic_id(admin, topic) == deleted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{topic} is still there after 30 s")
        time.sleep(0.02)


def _topic_id(admin: AdminClient, topic: str) -> str | None:
    """The topic id, which a topic that is created again does not keep; None without a topic."""
    try:
        return str(admin.describe_topics(TopicCollection([topic]))[topic].result(30).topic_id)
    except KafkaException as exc:
        if exc.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise
        return None


def topic_config(bootstrap: str, topic: str) -> dict[str, str]:
    """What the broker says of a topic."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    config = admin.describe_configs([resource])[resource].result(30)
    return {name: entry.value for name, entry in config.items()}


def configure_topic(bootstrap: str, topic: str, config: Mapping[str, str]) -> None:
    """Change the configuration of a topic that is there."""
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in config.items()
    ]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.incremental_alter_configs([resource])[resource].result(30)


def produce(
    bootstrap: str,
    topic: str,
    values: Iterable[bytes | None],
    *,
    partition: int = -1,
    key: bytes | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
    timestamp: int = 0,
    client: Config | None = None,
) -> None:
    """Send the values and wait for all acknowledgements; in order where `partition` is given.

    `timestamp` is in ms since the epoch; 0 for now.
    """
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    # An idempotent producer waits half a second for its id, so it is one only for the order: where
    # a new topic's leader refuses the first records, they would come again behind later ones.
    defaults = {"enable.idempotence": partition >= 0, "linger.ms": 5, "log_level": 0}
    producer = Producer({"bootstrap.servers": bootstrap, **defaults, **(client or {})})
    for value in values:
        while True:
            try:
                producer.produce(
                    topic,
                    value,
                    key,
                    partition,
                    on_delivery=delivered,
                    timestamp=timestamp,
                    headers=list(headers),
                )
                break
            except BufferError:
                producer.poll(0.1)
    left = producer.flush(60)
    if failed or left:
        raise KafkaException(failed[0] if failed else KafkaError(KafkaError._TIMED_OUT))


def commit_abort_commit(bootstrap: str, topic: str) -> None:
    """Write 1, 2 and 3 in a transaction each, of which the second is aborted."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    for value, end in (
        (b"1", producer.commit_transaction),
        (b"2", producer.abort_transaction),
        (b"3", producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(30)
        end(30)
    wait_ended(bootstrap, topic)


def wait_ended(bootstrap: str, topic: str) -> None:
    """Wait until no transaction of the topic is open: markers come after the answer to a commit."""
    deadline = time.monotonic() + 30
    while _ends(bootstrap, topic, "read_committed") != _ends(bootstrap, topic, "read_uncommitted"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{topic} has an open transaction after 30 s")
        time.sleep(0.02)


def _ends(bootstrap: str, topic: str, isolation: str) -> list[int]:
    """Where a reader of this isolation level reaches the end of each partition."""
    conf = {"bootstrap.servers": bootstrap, "group.id": "ends", "isolation.level": isolation}
    consumer = Consumer(conf)
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        return [
            consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1]
            for partition in partitions
        ]
    finally:
        consumer.close()


def count_offsets(bootstrap: str, topic: str) -> int:
    """The offsets of all partitions: as many as records, where no transaction was written."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "offset-counter"})
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        spans = [
            consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
            for partition in partitions
        ]
        return sum(end - begin for begin, end in spans)
    finally:
        consumer.close()


def read_topic(
    bootstrap: str,
    topic: str,
    *,
    isolation: str = "read_committed",
    timeout: float = 60.0,
    client: Config | None = None,
) -> list[Read]:
    """All records that a reader of this isolation level gets now, in order of (partition, offset).

    Read committed ends before the first transaction that is still open.
    """
    with _reading(bootstrap, topic, {"isolation.level": isolation, **(client or {})}) as consumer:
        partitions = {assigned.partition for assigned in consumer.assignment()}
        return _to_the_end(consumer, partitions, time.monotonic() + timeout)


def wait_for_records(bootstrap: str, topic: str, number: int, timeout: float = 60.0) -> None:
    """Wait until the topic has so many committed records; reads each once, however long it takes.

    Returns after the timeout, too: whoever waited reads the topic and finds what is missing.
    """
    deadline = time.monotonic() + timeout
    found = 0
    while found < number and time.monotonic() < deadline:
        with _reading(bootstrap, topic, {"enable.partition.eof": False}) as consumer:
            if consumer.assignment():
                found = _wait_for(consumer, number, deadline)
            else:  # it is not there yet
                time.sleep(0.1)


def _wait_for(consumer: Consumer, number: int, deadline: float) -> int:
    found = 0
    while found < number and time.monotonic() < deadline:
        for message in consumer.consume(10_000, timeout=0.1):
            error = message.error()
            if error is None:
                found += 1
            elif not error.retriable():
                raise KafkaException(error)
    return found


@contextmanager
def _reading(bootstrap: str, topic: str, client: Config) -> Iterator[Consumer]:
    """A consumer at the beginning of every partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "whole-topic-reader",  # asked for, though nothing joins or commits
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # The end is told by an empty fetch, and none is empty while records trickle in faster.
            "fetch.wait.max.ms": 20,
            "isolation.level": "read_committed",
            "log_level": 0,
            **client,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        yield consumer
    finally:
        consumer.close()


def _to_the_end(consumer: Consumer, reading: set[int], deadline: float) -> list[Read]:
    records: list[Read] = []
    while reading:
        if time.monotonic() > deadline:
            raise TimeoutError(f"partitions {sorted(reading)} not read to their ends")
        for message in consumer.consume(10_000, timeout=0.1):
            error = message.error()
            if error is None:
                records.append(_read(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                reading.discard(message.partition())
            else:
                raise KafkaException(error)
    return sorted(records, key=lambda record: (record.partition, record.offset))


def _read(message: Message) -> Read:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    headers = {name: _as_bytes(value) for name, value in _pairs(message)}
    timestamp = message.timestamp()[1]
    return Read(topic, partition, offset, message.key(), message.value(), headers, timestamp)


def _pairs(message: Message) -> list[tuple[str, str | bytes | None]]:
    headers = message.headers() or []
    return list(headers.items()) if isinstance(headers, dict) else headers


def _as_bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
