"""Delivering a transaction's records: hand them to librdkafka, and wait for the brokers."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from faust_transactions.commit.calls import CALL_TIMEOUT
from faust_transactions.commit.refusals import Output, missing_output

__all__ = ["ProduceError", "UndeliveredError", "deliver", "partitions_of", "produce"]

#: Seconds between checks of a transaction that is not delivered yet.
FLUSH_TIMEOUT = 1.0
#: Seconds without any delivery after which a transaction is aborted.
DELIVERY_TIMEOUT = 10.0
#: Seconds without delivery after which the brokers are asked whether the topics exist.
CHECK_TOPICS_AFTER = 3.0


class ProduceError(KafkaException):
    """librdkafka took no record for this topic."""

    def __init__(self, error: KafkaError, topic: str) -> None:
        super().__init__(error)
        self.topic = topic


class UndeliveredError(Exception):
    """The brokers did not take the records in time; the text says why, and what to do."""


def produce(producer: Producer, output: Output, check: Callable[[], None]) -> None:
    """Hand a record to librdkafka. Raises :class:`ProduceError`; ``check`` may end the wait."""
    topic, partition, key, value, headers = output
    while True:
        try:
            if headers is None:
                producer.produce(topic, value, key, partition)
            else:
                producer.produce(topic, value, key, partition, headers=headers)
            return
        except BufferError:  # librdkafka's own queue is full: wait until some are delivered
            producer.poll(0.05)
            check()
        except KafkaException as exc:
            raise ProduceError(exc.args[0], topic) from exc


def deliver(producer: Producer, outputs: Sequence[Output], check: Callable[[], None]) -> None:
    """Wait until the brokers have the records.

    Before the commit, as a transaction cannot be aborted any more once a commit has begun. Raises
    :class:`UndeliveredError`, or KafkaException for an error of the transaction.
    """
    began, before = time.monotonic(), 0
    while left := producer.flush(FLUSH_TIMEOUT):
        check()
        _raise_transaction_error(producer)
        waited = time.monotonic() - began
        if left < before:
            began = time.monotonic()  # some were delivered
        elif waited > CHECK_TOPICS_AFTER:
            partitions = partitions_of(producer)
            if partitions is None:
                began = time.monotonic()  # the brokers are away: wait for them
            elif reason := _why_undelivered(outputs, partitions, waited):
                raise UndeliveredError(reason)
        before = left


def _why_undelivered(
    outputs: Sequence[Output], partitions: Mapping[str, Container[int]], waited: float
) -> str | None:
    """The line about a topic or partition that does not exist, or about too long a wait."""
    missing = missing_output(outputs, partitions)
    if missing is not None or waited < DELIVERY_TIMEOUT:
        return missing
    topics = ", ".join(dict.fromkeys(output[0] for output in outputs))
    return (
        f"records were not delivered within {DELIVERY_TIMEOUT:g} s: check leaders and in-sync "
        f"replicas of {topics}"
    )


def _raise_transaction_error(producer: Producer) -> None:
    """Raise the error that the open transaction met, if any, which flush() does not."""
    try:
        producer.begin_transaction()
    except KafkaException as exc:
        if exc.args[0].code() != KafkaError._STATE:
            raise


def partitions_of(producer: Producer) -> Mapping[str, Container[int]] | None:
    """The partitions of all topics; None when no broker answers."""
    try:
        # Not by name: asking for a topic by its name could create it.
        topics = producer.list_topics(timeout=CALL_TIMEOUT).topics
    except KafkaException:
        return None
    return {name: found.partitions for name, found in topics.items()}
