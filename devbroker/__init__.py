"""Kafka brokers for development and tests, without Docker.

`EmbeddedBroker` is librdkafka's mock cluster in this process, `KafkaServer` a real Apache Kafka
that Maven downloads. `python -m devbroker` runs a worker on the first, `python -m devbroker.real`
the second.
"""

from devbroker.embedded import EmbeddedBroker
from devbroker.errors import BrokerError, BrokerFailedError, BrokerUnavailableError
from devbroker.ports import free_port
from devbroker.server import KafkaServer

__all__ = [
    "BrokerError",
    "BrokerFailedError",
    "BrokerUnavailableError",
    "EmbeddedBroker",
    "KafkaServer",
    "free_port",
]
