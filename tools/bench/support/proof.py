"""Proves after a run that it did the whole work: the verdicts read back, the table summed."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tools.bench.support.programs import Topology

_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - public but for its name
_AT_ONCE = 10_000
_PAUSE = 0.2
_TIMEOUT = 30.0


class WorkNotDone(AssertionError):
    """Verdicts are missing, double, in the wrong order or place, or not what the table says."""


@dataclass(frozen=True)
class Verdicts:
    """Every verdict that a read_committed reader sees: the broker's times, in ms of the epoch."""

    times: list[int]

    def until(self, moment: float) -> int:
        """How many were written up to that moment."""
        return sum(1 for written in self.times if written <= moment)

    @property
    def first(self) -> int:
        """When the first one was written."""
        return min(self.times)


def verdicts_of(run: Topology) -> Verdicts:
    """Read all verdicts of the run and check them as `in_order` does."""
    return in_order(committed(run.broker, run.verdicts, run.partitions), run.accounts)


def in_order(verdicts: Iterable[Message], accounts: str) -> Verdicts:
    """Check that those of a partition judge the offsets 0, 1, 2, … of `accounts` in this order.

    So none is missing up to the last one, none is double, each is in its account's partition.
    Raises WorkNotDone with the first one that is wrong, or when there is none.
    """
    times: list[int] = []
    following: dict[int, int] = {}
    for message in verdicts:
        partition = message.partition()
        assert partition is not None
        offset = following.get(partition, 0)
        found = orjson.loads(message.value() or b"{}").get("id")
        if found != f"{accounts}-{partition}-{offset}":
            raise WorkNotDone(f"partition {partition}: {found} where offset {offset} was due")
        following[partition] = offset + 1
        times.append(message.timestamp()[1])
    if not times:
        raise WorkNotDone("there is no verdict at all")
    return Verdicts(times)


def counted_by(run: Topology, counted: Callable[[bytes], int]) -> int:
    """The verdicts that the run's table says there are, a row of it read by `counted`."""
    return in_newest_rows(committed(run.broker, run.changelog, run.partitions), counted)


def in_newest_rows(changelog: Iterable[Message], counted: Callable[[bytes], int]) -> int:
    """The sum of what the last row of each key and partition counts."""
    newest: dict[tuple[int | None, str | bytes | None], str | bytes | None] = {}
    for message in changelog:
        newest[message.partition(), message.key()] = message.value()
    return sum(counted(row) for row in newest.values() if isinstance(row, bytes))


def committed(broker: str, topic: str, partitions: int) -> Iterator[Message]:
    """The committed records that the topic has now, each partition in its order.

    Raises TimeoutError when nothing comes for 30 s.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": "bench-proof",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        unread = set(range(partitions))
        heard = time.monotonic()
        while unread:
            messages = consumer.consume(_AT_ONCE, _PAUSE)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _TIMEOUT:
                raise TimeoutError(f"{topic} could not be read to its end")
            for message in messages:
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == _END:
                    unread.discard(message.partition())
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
