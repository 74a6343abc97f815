"""What can be wrong with the cluster.

ClusterError
└── Stopped
"""

import re

from confluent_kafka import KafkaError

# Public constants of librdkafka, whatever their names look like in Python.
ALL_BROKERS_DOWN: int = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001
AUTHENTICATION: int = KafkaError._AUTHENTICATION  # noqa: SLF001
PARTITION_EOF: int = KafkaError._PARTITION_EOF  # noqa: SLF001
SSL: int = KafkaError._SSL  # noqa: SLF001
TIMED_OUT: int = KafkaError._TIMED_OUT  # noqa: SLF001
TRANSPORT: int = KafkaError._TRANSPORT  # noqa: SLF001


_OPENSSL = re.compile(r"error:[0-9A-F]+:SSL routines:[^:]*:")


class ClusterError(Exception):
    """The cluster cannot be used. Its text is one line: what is wrong and what to do."""


class Stopped(ClusterError):
    """A stop was requested while the brokers were waited for."""


def reason(error: KafkaError) -> str:
    """What a broker or librdkafka said, without librdkafka's names for its own threads.

    "localhost:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 1ms
    in state CONNECT)" becomes "Connection refused".
    """
    text = " ".join(error.str().split())
    text = text.partition(" (after ")[0].partition(" (install ")[0]
    text = _OPENSSL.sub("", text)
    _, failed, cause = text.rpartition(" failed: ")
    if failed:
        return cause
    # A broker's name in front, as in "host:9092/bootstrap: ...".
    head, separator, rest = text.partition(": ")
    return rest if separator and "/" in head and " " not in head else text
