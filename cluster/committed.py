"""How far the group has come, as Kafka knows it."""

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from faust_transactions import partitions_of, retry_until

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from config import Settings


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
