"""What the harness asks of the broker: topics made, ends and committed offsets looked up."""

import time
from collections.abc import Iterable

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

TIMEOUT = 30.0
"""Seconds for one request."""


class Topics:
    """Topics of `partitions` partitions on one broker.

    Every method blocks for one round trip and raises KafkaException when the broker refuses.
    """

    def __init__(self, broker: str, partitions: int) -> None:
        self.broker = broker
        self.partitions = partitions
        self._admin = AdminClient({"bootstrap.servers": broker, "log_level": 2})

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

    def delete(self, names: Iterable[str]) -> None:
        """Delete topics; the broker does it in the background."""
        for future in self._admin.delete_topics(list(names), request_timeout=TIMEOUT).values():
            future.result()

    def keep(self, names: Iterable[str], size: int) -> None:
        """Let the broker delete what is older than the last `size` bytes of each partition."""
        wanted = {"retention.bytes": size, "segment.bytes": size // 4}
        changes = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(key, str(value), incremental_operation=AlterConfigOpType.SET)
                    for key, value in wanted.items()
                ],
            )
            for name in names
        ]
        for future in self._admin.incremental_alter_configs(changes).values():
            future.result()

    def committed_ends(self, topic: str) -> list[int]:
        """For each partition the offset up to which a read_committed reader can read."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = dict.fromkeys(self._parts(topic), latest)
        found = self._admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT
        )
        return [found[part].result().offset for part in wanted]

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
                # Without it librdkafka goes on believing what it heard when it asked too early.
                self._admin.list_topics(topic, TIMEOUT)
                self.committed_ends(topic)
                return
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


class Group:
    """The committed offsets of a group, asked for without being a member of it.

    By a consumer, as librdkafka's admin client crashes when the group's coordinator is not known
    yet (librdkafka#5040). To be closed.
    """

    def __init__(self, broker: str, group: str, topic: str, partitions: int) -> None:
        self._parts = [TopicPartition(topic, partition) for partition in range(partitions)]
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker,
                "group.id": group,
                "enable.auto.commit": False,
                # Else the answer waits until no transaction of the group is under way.
                "isolation.level": "read_uncommitted",
                "log_level": 2,
            }
        )

    def committed(self) -> list[int]:
        """For each partition the offset that the group committed; 0 before its first commit.

        Those of an open transaction are not committed. Blocks for one round trip; raises
        KafkaException when the broker does not answer for 30 s.
        """
        parts = self._consumer.committed(self._parts, TIMEOUT)
        return [max(0, part.offset) for part in parts]

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
