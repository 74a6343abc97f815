"""librdkafka's mock cluster: a broker inside this process, in memory."""

import logging
from typing import Self

from confluent_kafka import Producer

PARTITIONS = 4  # of each topic, which appears on first use; the mock cluster's own default

_log = logging.getLogger(__name__)


class EmbeddedBroker:
    """A Kafka broker inside this process, for one worker; it starts in milliseconds.

    As a context manager it runs inside the block; what was written to it is gone afterwards.
    Clients of any process of this machine can use it, with these limits
    (librdkafka, src/rdkafka_mock.h):

    - Topics appear on first use, with 4 partitions. There is no CreateTopics request.
    - A group has one member: a second one never gets partitions.
    - Transactions are answered, but an offset committed in one is not kept, and an aborted one's
      records are not hidden from readers.
    - It drops a partition's oldest records beyond 5 MB or 100,000 of them.
    """

    partitions = PARTITIONS

    def __init__(self) -> None:
        self._cluster: Producer | None = None
        self._address = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """host:port, from the start on."""
        return self._address

    @property
    def url(self) -> str:
        """The same as FRAUD_BROKER takes it."""
        return f"kafka://{self._address}"

    def start(self) -> None:
        """Start it and find its address. Raises confluent_kafka.KafkaException."""
        # The client warns that a mock cluster is no real one, which is the point.
        self._cluster = Producer({"test.mock.num.brokers": 1, "log_level": 3}, logger=_log)
        (broker,) = self._cluster.list_topics(timeout=10).brokers.values()
        self._address = f"{broker.host}:{broker.port}"

    def stop(self) -> None:
        """End it; its clients lose their connections."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
