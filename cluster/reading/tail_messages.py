"""The last committed records of each partition of a topic."""

import time
from collections.abc import Mapping
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from faust_transactions import Span, TailSearch

from cluster.errors import PARTITION_EOF

__all__ = ["is_of_the_topic", "tail_messages"]

_POLL = 0.5


def tail_messages(
    consumer: Consumer, topic: str, spans: Mapping[int, Span], deadline: float
) -> tuple[list[Message], set[int]]:
    """Some dozen records from the end of each span, and the partitions that took too long.

    Of a partition that has any there is at least one, however many aborted transactions and markers
    follow it. Make the consumer with `faust_transactions.TAIL_CONSUMER`. `deadline` is a reading
    of `time.monotonic()`. Raises KafkaException.
    """
    searches = {
        partition: TailSearch(span.begin, span.end)
        for partition, span in spans.items()
        if span.begin < span.end
    }
    found: dict[int, list[Message]] = {partition: [] for partition in searches}
    unread = set(searches)
    consumer.assign([TopicPartition(topic, p, search.start) for p, search in searches.items()])
    while unread and time.monotonic() < deadline:
        message = consumer.poll(_POLL)
        if message is None or not is_of_the_topic(message):
            continue
        partition, offset = cast(int, message.partition()), cast(int, message.offset())
        if partition not in unread:
            continue
        is_record = message.error() is None
        if is_record:
            found[partition].append(message)
        search = searches[partition]
        # The end of the partition comes as an error; only markers are left before it then.
        back = search.advance(offset + is_record, found=is_record, exhausted=not is_record)
        if back is not None:
            consumer.seek(TopicPartition(topic, partition, back))
        elif search.settled:
            unread.discard(partition)
    return [each for p, messages in found.items() if p not in unread for each in messages], unread


def is_of_the_topic(message: Message) -> bool:
    """Whether it is a record or the end of a partition. Raises KafkaException for an error."""
    error = message.error()
    if error is None or error.code() == PARTITION_EOF:
        return True
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:  # nothing of the group is used
        return False
    raise KafkaException(error)
