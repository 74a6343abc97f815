"""When accounts were sent, by the timestamps of their records."""

import time
from collections.abc import Mapping
from typing import Final, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaException, TopicPartition
from faust_transactions import TAIL_CONSUMER, Span

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from cluster.reading.tail_messages import is_of_the_topic
from config import Settings

__all__ = ["BLOCK", "CLOCKS_DIFFER_MS", "CLOCK_IS_SET_MS", "earliest_around"]

#: Clocks of producers and workers differ by less, where nothing else is said.
CLOCKS_DIFFER_MS: Final = 1_000
#: The year 2020. A clock that was never set starts in 1970, and says nothing about a topic.
CLOCK_IS_SET_MS: Final = 1_577_836_800_000
#: Offsets whose timestamps are taken together: the earliest one is ahead of the true time only if
#: the clocks of all its producers are.
BLOCK: Final = 1024

_POLL = 0.5


def earliest_around(
    settings: Settings, offsets: Mapping[int, int], spans: Mapping[int, Span], timeout: float = 10.0
) -> dict[int, int]:
    """Partition -> the earliest timestamp (ms) in the block of its offset in `offsets`.

    `spans` are those of the accounts topic. Without partitions of which that is not known, as
    the account was deleted or a record has no timestamp. Raises ClusterError.
    """
    blocks = {}
    for partition, offset in offsets.items():
        span, first = spans.get(partition, Span(0, 0)), offset - offset % BLOCK
        if span.begin <= offset < span.end:
            blocks[partition] = Span(max(span.begin, first), min(span.end, first + BLOCK))
    if not blocks:
        return {}
    topic = settings.accounts_topic
    consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **TAIL_CONSUMER})
    try:
        consumer.assign([TopicPartition(topic, p, block.begin) for p, block in blocks.items()])
        earliest = _read(consumer, blocks, time.monotonic() + timeout)
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be read: {reason(exc.args[0])}") from exc
    except TimeoutError as exc:
        raise ClusterError(
            f"topic {topic} was not read in {timeout:g} s: look at the state of the brokers"
        ) from exc
    finally:
        consumer.close()
    return {partition: at for partition, at in earliest.items() if at > 0}


def _read(consumer: Consumer, blocks: Mapping[int, Span], deadline: float) -> dict[int, int]:
    earliest: dict[int, int] = {}
    unread = set(blocks)
    while unread:
        if time.monotonic() > deadline:
            raise TimeoutError
        message = consumer.poll(_POLL)
        if message is None or not is_of_the_topic(message):
            continue
        partition, offset = cast(int, message.partition()), cast(int, message.offset())
        end = blocks[partition].end
        if message.error() is None and offset < end:
            kind, timestamp_ms = message.timestamp()
            at = -1 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms
            earliest[partition] = min(at, earliest.get(partition, at))
        if message.error() is not None or offset >= end - 1:
            unread.discard(partition)
    return earliest
