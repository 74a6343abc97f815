"""Kafka brokers for development and tests, without Docker.

`EmbeddedBroker` is librdkafka's mock cluster in this process, `KafkaServer` a real Apache Kafka
that Maven downloads. `python -m tools.devbroker` runs a worker on the first,
`python -m tools.devbroker.real` the second.
"""

from tools.devbroker.embedded import EmbeddedBroker
from tools.devbroker.errors import BrokerError, BrokerFailedError, BrokerUnavailableError
from tools.devbroker.ports import free_port
from tools.devbroker.server import KafkaServer

__all__ = [
    "BrokerError",
    "BrokerFailedError",
    "BrokerUnavailableError",
    "EmbeddedBroker",
    "KafkaServer",
    "free_port",
]
