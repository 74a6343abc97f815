"""What the transaction coordinator has written about a transactional id."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

__all__ = ["COMPLETE", "status"]

TOPIC = "__transaction_state"
#: Kafka's TransactionLogKey: version, then the transactional id with its length.
KEY = struct.Struct(">hh")
#: The beginning of Kafka's TransactionLogValue: version, producer id and epoch, time-out, status.
VALUE = struct.Struct(">hqhib")
#: The statuses CompleteCommit and CompleteAbort: no marker is written any more.
COMPLETE = (4, 5)


def status(conf: Mapping[str, Any], transactional_id: str) -> int | None:
    """The status of the last transaction of this id; None where there is none. Blocks."""
    own = {"group.id": "asking-for-states", "enable.partition.eof": True}
    consumer = Consumer({**conf, **own})
    try:
        partitions = consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
        consumer.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in partitions])
        unread, found = set(partitions), None
        while unread:
            message = consumer.poll(30)
            assert message is not None, "no answer"
            error = message.error()
            if error is None:
                key, value = message.key() or b"", message.value()
                if value is not None and key[KEY.size :] == transactional_id.encode():
                    found = int(VALUE.unpack_from(value)[-1])
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
        return found
    finally:
        consumer.close()
