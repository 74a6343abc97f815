"""What the harness asks of the broker: topics made, ends and committed offsets looked up."""

import time
from collections.abc import Iterable

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

TIMEOUT = 30.0
"""Seconds for one request."""


class Topics:
    """Topics of `partitions` partitions on one broker.

    Every method blocks for one round trip and raises KafkaException when the broker refuses.
    """

    def __init__(self, broker: str, partitions: int) -> None:
        self.broker = broker
        self.partitions = partitions
        self._admin = AdminClient({"bootstrap.servers": broker})

    def create(self, names: Iterable[str]) -> None:
        """Make topics whose records carry the broker's time, not their sender's.

        Kafka Streams gives a verdict the timestamp of its account, so that only the broker's
        clock (LogAppendTime) tells when it was written.
        """
        config = {"message.timestamp.type": "LogAppendTime"}
        self._create([NewTopic(name, self.partitions, 1, config=config) for name in names])

    def create_accounts(self, name: str) -> None:
        """Make a topic whose records keep their producer's timestamp."""
        self._create([NewTopic(name, self.partitions, 1)])

    def committed_ends(self, topic: str) -> list[int]:
        """For each partition the offset up to which a read_committed reader can read."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = dict.fromkeys(self._parts(topic), latest)
        found = self._admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT
        )
        return [found[part].result().offset for part in wanted]

    def committed_by(self, group: str, topic: str) -> list[int]:
        """For each partition the offset that the group committed; 0 before its first commit."""
        asked = ConsumerGroupTopicPartitions(group, self._parts(topic))
        futures = self._admin.list_consumer_group_offsets([asked], request_timeout=TIMEOUT)
        parts = futures[group].result().topic_partitions
        return [max(0, part.offset) for part in sorted(parts, key=lambda part: part.partition)]

    def _parts(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, partition) for partition in range(self.partitions)]

    def _create(self, topics: list[NewTopic]) -> None:
        for future in self._admin.create_topics(topics, request_timeout=TIMEOUT).values():
            future.result()
        for topic in topics:
            self._wait_for_leaders(topic.topic)

    def _wait_for_leaders(self, topic: str) -> None:
        """A new topic answers NOT_LEADER_FOR_PARTITION for a moment."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                self.committed_ends(topic)
                return
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
