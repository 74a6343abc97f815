"""What an error of librdkafka means for a transaction, and what an operator can do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from enum import Enum, auto

from confluent_kafka import KafkaError

__all__ = [
    "MISSING_CODES",
    "Answer",
    "Headers",
    "Output",
    "answer_to",
    "explain",
    "missing_output",
    "missing_topic",
]

Headers = list[tuple[str, str | bytes | None]]

#: One record to be written within the transaction: topic, partition, key, value, headers. A plain
#: tuple, as there is one for each record that passes.
Output = tuple[str, int, bytes | None, bytes | None, Headers | None]


class Answer(Enum):
    """How the writer answers an error; the table is in `commit/producer.py`."""

    REPEAT = auto()
    RENEW = auto()
    FENCED = auto()
    OUTDATED = auto()
    REFUSED = auto()


FENCED_CODES = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
)

#: The worker is not a member of the group's present generation: its partitions have other owners.
OUTDATED_CODES = frozenset(
    {
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.UNKNOWN_MEMBER_ID,
    }
)

#: The producer is unusable, a new one may work: its transactional id expired, or a call was left
#: unfinished (`_STATE`, `_CONFLICT`, `_PREV_IN_PROGRESS`).
RENEW_CODES = frozenset(
    {
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
        KafkaError.INVALID_TXN_STATE,
        KafkaError._STATE,
        KafkaError._CONFLICT,
        KafkaError._PREV_IN_PROGRESS,
    }
)

#: Pass by themselves, though librdkafka calls them retriable only where it knows more.
PASSING_CODES = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._ISR_INSUFF,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._PURGE_QUEUE,
        KafkaError._QUEUE_FULL,
        KafkaError._RETRY,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._WAIT_COORD,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.CONCURRENT_TRANSACTIONS,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.DUPLICATE_SEQUENCE_NUMBER,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_COORDINATOR,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
        KafkaError.TRANSACTION_ABORTABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        # After an abort librdkafka goes on with a higher epoch (KIP-360).
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
    }
)

#: Refusals that librdkafka reports as fatal: the producer ends with them.
FATAL_REFUSALS = frozenset(
    {
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.UNSUPPORTED_VERSION,
        KafkaError._UNSUPPORTED_FEATURE,
    }
)

#: A topic or partition is missing; the broker does not always say which.
MISSING_CODES = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)

TOO_LARGE_CODES = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


def answer_to(error: KafkaError) -> Answer:
    """How to go on after ``error``. What is not known to pass is refused."""
    code = error.code()
    if code in FENCED_CODES:
        return Answer.FENCED
    if code in OUTDATED_CODES:
        return Answer.OUTDATED
    if code in RENEW_CODES:
        return Answer.RENEW
    if error.fatal() and code not in FATAL_REFUSALS:
        return Answer.RENEW
    if error.retriable() or code in PASSING_CODES:
        return Answer.REPEAT
    return Answer.REFUSED


def explain(
    error: KafkaError,
    outputs: Sequence[Output] = (),
    *,
    topic: str | None = None,
    transactional_id: str = "",
) -> str:
    """Name in one line what was refused, the topic, and the remedy.

    ``topic`` is the one that was being written to, where that is known. Otherwise it is looked for
    in librdkafka's text, and where that names none, all topics of the transaction are listed.
    """
    if error.code() in TOO_LARGE_CODES:
        return _too_large(error, outputs)
    text = REMEDIES.get(error.code())
    if text is None:
        return _steady(error.str())
    line = text(topic or _named_in(error.str(), outputs), transactional_id)
    # The same line whoever finds that a topic is missing: librdkafka, a broker or its metadata.
    return line if error.code() in MISSING_CODES else f"{line} ({error.name()})"


def missing_output(
    outputs: Sequence[Output], partitions: Mapping[str, Container[int]]
) -> str | None:
    """The line about a topic or partition written to that is not in the metadata, or None."""
    for topic, partition in dict.fromkeys((output[0], output[1]) for output in outputs):
        if topic not in partitions:
            return missing_topic(topic, None)
        if partition not in partitions[topic]:
            return missing_topic(topic, partition)
    return None


def missing_topic(topic: str, partition: int | None) -> str:
    """Say that a topic, or a partition of it, does not exist."""
    if partition is None:
        return (
            f"topic {topic} does not exist, or this user may not describe it: "
            "create it, or grant Describe"
        )
    return f"topic {topic} has no partition {partition}: add partitions to it"


def _too_large(error: KafkaError, outputs: Sequence[Output]) -> str:
    """Name the topic and a size that its largest record stays below.

    A power of two, so that the line is the same for all partitions and tries.
    """
    topic = _named_in(error.str(), outputs)
    sizes = [_size(output) for output in outputs if output[0] == topic]
    largest = max(sizes or map(_size, outputs), default=0)
    return (
        f"topic {topic} takes no record or batch so large: raise max.message.bytes of that topic "
        f"(the largest record has up to {1 << largest.bit_length()} bytes) ({error.name()})"
    )


def _steady(text: str) -> str:
    """The text without what differs from try to try: broker, epoch, sequence number."""
    return re.sub(r" \(broker \d+ PID\{.*", "", text)


def _named_in(text: str, outputs: Sequence[Output]) -> str:
    """The topic that the text names; else all topics that were written to."""
    topics = dict.fromkeys(output[0] for output in outputs)
    # The longest first: a name may be part of another one.
    for topic in sorted(topics, key=len, reverse=True):
        if re.search(rf"(?<![\w.-]){re.escape(topic)}(?![\w.-])", text):
            return topic
    return " or ".join(topics) or "of the output"


def _size(output: Output) -> int:
    """Bytes of key, value and headers, without their framing."""
    _, _, key, value, headers = output
    return (
        len(key or b"")
        + len(value or b"")
        + sum(len(name) + len(content or b"") for name, content in headers or ())
    )


def _compacted(topic: str, _id: str) -> str:
    return (
        f"topic {topic} takes no record without a key: "
        "it has cleanup.policy=compact, set cleanup.policy=delete"
    )


def _timestamp(topic: str, _id: str) -> str:
    return (
        f"topic {topic} refuses the time of a record: compare the clocks of this machine and of "
        "the broker, or raise message.timestamp.before.max.ms and message.timestamp.after.max.ms"
    )


def _shared_part(name: str) -> str:
    """What the transactional ids of all workers begin with; those of version 0.1 have no colon."""
    app_id, colon, _member = name.partition(":")
    return app_id + colon if colon else re.sub("[^-]+$", "", name)


#: Code -> the line, given the topic and the transactional id.
REMEDIES: dict[int, Callable[[str, str], str]] = {
    KafkaError.INVALID_RECORD: _compacted,
    KafkaError.INVALID_TIMESTAMP: _timestamp,
    KafkaError.UNKNOWN_TOPIC_OR_PART: lambda topic, _: missing_topic(topic, None),
    KafkaError._UNKNOWN_TOPIC: lambda topic, _: missing_topic(topic, None),
    KafkaError._UNKNOWN_PARTITION: lambda topic, _: (
        f"topic {topic} has too few partitions: add partitions to it"
    ),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: lambda topic, _: (
        f"no right to write to topic {topic}: grant Write and Describe"
    ),
    KafkaError.GROUP_AUTHORIZATION_FAILED: lambda _topic, _: (
        "no right to commit offsets of the consumer group: grant Read on it"
    ),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: lambda _topic, name: (
        # Not the worker's own: the line is the same for all, and a right is given by prefix.
        f'no right to use transactional ids that begin with "{_shared_part(name)}": '
        "grant Write and Describe on them"
    ),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: lambda _topic, _: (
        "no right to write in transactions: grant IdempotentWrite on the cluster"
    ),
    KafkaError.POLICY_VIOLATION: lambda topic, _: (
        f"a policy of the brokers forbids records like these in topic {topic}: change the policy"
    ),
    KafkaError.INVALID_TRANSACTION_TIMEOUT: lambda _topic, _: (
        "transaction.timeout.ms is above the brokers' transaction.max.timeout.ms: lower it"
    ),
    KafkaError.UNSUPPORTED_VERSION: lambda _topic, _: (
        "the brokers are too old for these transactions: upgrade them"
    ),
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT: lambda topic, _: (
        f"topic {topic} has a message format without transactions: upgrade it"
    ),
}
