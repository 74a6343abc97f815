"""Begin and end offsets of a topic's partitions, in one request for all of them."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

T = TypeVar("T")

# librdkafka hands "timestamps" on as ListOffsets has them, and there these two mean the ends.
_EARLIEST = -2
_LATEST = -1

# A blocking call into librdkafka keeps signals from being handled, so none takes longer.
_SLICE = 1.0
_RETRIED = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._WAIT_COORD,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        # A broker that was just started, or metadata from before that: the client asks for it anew.
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
    }
)


class Span(NamedTuple):
    """The offsets from `begin` up to, but not including, `end`."""

    begin: int
    end: int


def partitions_of(consumer: Consumer, topic: str, deadline: float) -> set[int]:
    """The partitions of a topic; empty when it does not exist. It is not created by asking.

    `deadline` is a reading of `time.monotonic()`. Raises KafkaException.
    """

    def ask(timeout: float) -> set[int]:
        found = consumer.list_topics(topic, timeout=timeout).topics[topic]
        if found.error is None:
            return set(found.partitions)
        if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return set()
        raise KafkaException(found.error)

    return until(deadline, ask)


def committed_spans(
    consumer: Consumer, topic: str, partitions: Iterable[int], deadline: float
) -> dict[int, Span]:
    """Begin and end of each partition, two requests for all of them.

    The end is that of what a reader with the consumer's `isolation.level` gets: for read_committed
    the beginning of the first open transaction, else the high watermark. Raises KafkaException.
    """
    wanted = sorted(partitions)
    begins = offsets_at(consumer, topic, wanted, _EARLIEST, deadline)
    ends = committed_ends(consumer, topic, wanted, deadline)
    return {partition: Span(begins[partition], ends[partition]) for partition in wanted}


def committed_ends(
    consumer: Consumer, topic: str, partitions: Iterable[int], deadline: float
) -> dict[int, int]:
    """The end of each partition, as `committed_spans` has it, one request for all of them."""
    return offsets_at(consumer, topic, partitions, _LATEST, deadline)


def offsets_at(
    consumer: Consumer, topic: str, partitions: Iterable[int], time_ms: int, deadline: float
) -> dict[int, int]:
    """The offset of each partition's first record at `time_ms` (since the epoch) or later.

    Without those that have none so late. Raises KafkaException.
    """
    asked = [TopicPartition(topic, partition, time_ms) for partition in sorted(partitions)]

    def ask(timeout: float) -> list[TopicPartition]:
        return _offsets(consumer, asked, timeout)

    try:
        answers = until(deadline, ask)
    except KafkaException as exc:
        if exc.args[0].code() != KafkaError._UNKNOWN_PARTITION:
            raise
        # A client that stays connected learns of an added partition by asking for the topic.
        partitions_of(consumer, topic, deadline)
        answers = until(deadline, ask)
    return {answer.partition: answer.offset for answer in answers if answer.offset >= 0}


def _offsets(
    consumer: Consumer, asked: list[TopicPartition], timeout: float
) -> list[TopicPartition]:
    if not asked:
        return []
    answers: list[TopicPartition] = consumer.offsets_for_times(asked, timeout=timeout)
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
    return answers


def until(deadline: float, ask: Callable[[float], T]) -> T:
    """Ask until there is an answer; raises the last error when there is none by the deadline.

    `ask` is given the seconds that it may take, one at most, so that signals are handled. Only
    errors that pass by themselves are asked again about.
    """
    while True:
        began = time.monotonic()
        try:
            return ask(max(0.1, min(_SLICE, deadline - began)))
        except KafkaException as exc:
            if exc.args[0].code() not in _RETRIED or time.monotonic() >= deadline:
                raise
        # Errors that come at once must not make this a busy loop.
        time.sleep(max(0.0, min(0.1, began + _SLICE - time.monotonic())))
