"""librdkafka's clients of a transactional writer: their configuration, their end."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

__all__ = [
    "FULL_BATCH",
    "LARGEST_RECORD",
    "close_in_background",
    "group_metadata",
    "producer_conf",
    "quiet_logger",
]

#: Bytes of a batch of records for one partition, unless a single record is larger.
FULL_BATCH = 1_000_000
#: Bytes of a record, at most: librdkafka takes no more. By default a broker takes no request above
#: 100 MiB (``socket.request.max.bytes``).
LARGEST_RECORD = 1_000_000_000
#: A connection unused for so long (ms) is closed by the client. Brokers do so after ten minutes by
#: default, load balancers after four to six; librdkafka cannot distinguish that from a broker
#: that stopped.
MAX_IDLE_MS = 180_000


def group_metadata(group: str, generation: int, member: str) -> bytes:
    """Metadata of a consumer group's member, as ``Consumer.consumer_group_metadata`` returns it.

    The records are fetched by Faust's consumer, so there is no librdkafka consumer to ask. Relies
    on librdkafka's ``rd_kafka_consumer_group_metadata_write``: magic, generation, group, member,
    and a flag that there is no group instance id (KIP-345); ``tests/unit/test_compat.py`` compares.
    """
    return b"CGMDv2:%b%b\0%b\0\1" % (
        generation.to_bytes(4, sys.byteorder, signed=True),
        group.encode(),
        member.encode(),
    )


def producer_conf(
    conf: dict[str, Any], transactional_id: str, on_error: Callable[[KafkaError], None]
) -> dict[str, Any]:
    """The configuration of a transactional producer; `conf` overrides what is tuned here."""
    return {
        "linger.ms": 5,
        "batch.num.messages": 10_000,
        # The topic's own limit decides; a record that came in may go out with headers.
        "message.max.bytes": LARGEST_RECORD,
        "batch.size": FULL_BATCH,
        # A transaction that begins while the last one's markers are still being written is
        # answered CONCURRENT_TRANSACTIONS, the ordinary case when they come back to back.
        # librdkafka asks again after this time, doubled each time; its default of 100 ms
        # would be most of a transaction's time (confluent-kafka-python#967; KAFKA-5477
        # for the Java client). Figures: docs/adr/0003.
        "retry.backoff.ms": 1,
        "connections.max.idle.ms": MAX_IDLE_MS,
        **conf,
        "transactional.id": transactional_id,
        # Success needs no report for each record: the commit fails unless all arrived.
        "delivery.report.only.error": True,
        "error_cb": on_error,
    }


def close_in_background(producer: Producer) -> None:
    """Close a producer in a thread: closing waits for threads that still look for the brokers."""

    def close() -> None:
        with suppress(KafkaException):  # one that was fenced meanwhile reports it once more
            producer.purge()
            producer.close()

    threading.Thread(target=close, name="left", daemon=True).start()


# A producer that is left may have had a transaction open; the next one ends it.
warnings.filterwarnings("ignore", message="Producer abort_transaction failed during close")
# librdkafka repeats every connection error; what matters is raised by a call. At CRITICAL it
# reports producers that were fenced, also one that was closed long ago.
quiet_logger = logging.getLogger("faust_transactions.librdkafka")
quiet_logger.setLevel(logging.CRITICAL + 1)
