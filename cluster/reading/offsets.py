"""Where the partitions of a topic begin and end, and how far the group has come."""

import time
from typing import Literal

from confluent_kafka import Consumer, KafkaException, TopicPartition
from faust_transactions import Span, committed_spans, offsets_at, partitions_of, retry_until

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from config import Settings

Isolation = Literal["read_committed", "read_uncommitted"]


def topic_spans(
    settings: Settings,
    topic: str,
    isolation: Isolation = "read_committed",
    *,
    since: int | None = None,
    timeout: float = 10.0,
) -> dict[int, Span]:
    """Partition -> its first offset and its end; empty when the topic does not exist.

    The end is the beginning of the first open transaction; with read_uncommitted it is the end of
    the log. With `since`, in ms since the epoch, the first offset is that of the first record that
    is no older. Raises ClusterError.
    """
    # Nothing joins the group; it is named for clusters where only that group is allowed.
    conf = {"group.id": settings.app_id, "isolation.level": isolation}
    consumer = Consumer({**quiet(settings), **conf})
    deadline = time.monotonic() + timeout
    try:
        partitions = partitions_of(consumer, topic, deadline)
        spans = committed_spans(consumer, topic, partitions, deadline)
        if since is None:
            return spans
        begins = offsets_at(consumer, topic, partitions, since, deadline)
        return {p: Span(begins.get(p, span.end), span.end) for p, span in spans.items()}
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be looked at: {reason(exc.args[0])}") from exc
    finally:
        consumer.close()


def open_transactions(settings: Settings, *topics: str) -> dict[tuple[str, int], int]:
    """Topic and partition -> where the first open transaction begins, where one is open.

    A transaction that ended just now may count as open: its marker is written some milliseconds
    later. Raises ClusterError.
    """
    found: dict[tuple[str, int], int] = {}
    for topic in topics:
        # In this order: what is committed in between makes nothing look open.
        ends = topic_spans(settings, topic, "read_uncommitted")
        for partition, span in topic_spans(settings, topic).items():
            if partition in ends and span.end < ends[partition].end:
                found[topic, partition] = span.end
    return found


def committed_offsets(settings: Settings, timeout: float = 10.0) -> dict[int, int]:
    """Partition of the accounts topic -> the offset that the group committed, where it did.

    Raises ClusterError.
    """
    topic = settings.accounts_topic
    consumer = Consumer({**quiet(settings), "group.id": settings.app_id})
    deadline = time.monotonic() + timeout
    try:
        asked = [TopicPartition(topic, p) for p in partitions_of(consumer, topic, deadline)]
        if not asked:
            return {}
        answers = retry_until(deadline, lambda seconds: consumer.committed(asked, timeout=seconds))
    except KafkaException as exc:
        why = reason(exc.args[0])
        raise ClusterError(f"offsets of group {settings.app_id} cannot be read: {why}") from exc
    finally:
        consumer.close()
    return {answer.partition: answer.offset for answer in answers if answer.offset >= 0}
