"""How far the group has come, by the offsets it committed."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition


class Stalled(AssertionError):
    """Nothing was committed for too long."""


class Progress:
    """Asks the broker for the group's offsets; joins nothing and commits nothing."""

    def __init__(self, bootstrap: str, group: str, topic: str, partitions: int) -> None:
        self._asked = [TopicPartition(topic, partition) for partition in range(partitions)]
        self._last = 0
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                # A reader of committed records would be kept waiting while a commit is under way.
                "isolation.level": "read_uncommitted",
                "log_level": 0,
                "error_cb": lambda _error: None,
            }
        )

    def committed(self) -> int:
        """Records whose offsets are committed; what was known last while the broker is away."""
        try:
            answers = self._consumer.committed(self._asked, timeout=2.0)
        except KafkaException:
            return self._last
        if all(answer.error is None for answer in answers):
            self._last = sum(max(0, answer.offset) for answer in answers)
        return self._last

    def wait_beyond(self, count: int, timeout: float) -> None:
        """Wait until more than `count` are committed. Raises Stalled after `timeout` s."""
        deadline = time.monotonic() + timeout
        while (now := self.committed()) <= count:
            if time.monotonic() > deadline:
                raise Stalled(f"{now} records were committed {timeout:g} s ago, and none since")
            time.sleep(0.1)

    def close(self) -> None:
        """Give the connection back."""
        self._consumer.close()
