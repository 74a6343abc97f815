"""The last committed record of each partition of a topic, read from the end of the partition.

The offset before the end of a partition is as a rule no record: transactions leave markers there,
aborted ones records that no reader gets, compaction leaves gaps. So it is looked for from the end
backwards in windows that grow (see `TailSearch`), in all partitions at the same time.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from faust_transactions.kafka.offsets import committed_spans, partitions_of
from faust_transactions.kafka.record_headers import headers_of
from faust_transactions.kafka.tail_search import TailSearch

_POLL = 0.5
#: What `last_records` needs its consumer to be.
CONSUMER: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # Retention or compaction may take the start of a window away while it is read.
    "auto.offset.reset": "earliest",
    # An answer without records is one too here, so the broker must not hold it back.
    "fetch.wait.max.ms": 10,
}


class LastRecord(NamedTuple):
    """A record that was the last; `value` is None when it deletes its key."""

    key: bytes | None
    value: bytes | None
    offset: int
    headers: Sequence[tuple[str, bytes | None]] = ()


def read_last(
    conf: Mapping[str, Any],
    topic: str,
    partitions: Iterable[int] | None = None,
    timeout: float = 10.0,
) -> dict[int, LastRecord]:
    """Read the last committed record of these partitions (None: of all that the topic has).

    `conf` says how librdkafka reaches the brokers. Nothing joins a group or commits, although
    librdkafka wants a `group.id` (the topic's name when `conf` has none).

    A partition that never had a committed record, or from which all were deleted, is not in the
    result; neither is any when the topic does not exist, which is not created. The result is what
    was committed when the call began, or later: of an open transaction nothing is seen, and
    nothing that was written after it began. Blocks for some tens of milliseconds as a rule.

    Raises KafkaException when Kafka refuses (no right to read, no such partition in the topic) or
    no broker answers, TimeoutError when not all was read within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    consumer = _new_consumer(conf, topic)
    try:
        return last_records(consumer, topic, partitions, deadline)
    finally:
        consumer.close()


class LastRecords:
    """The same as `read_last`, by a consumer that stays connected. One thread at a time reads."""

    def __init__(self, conf: Mapping[str, Any]) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        self._consumer: Consumer | None = None

    def of(
        self, topic: str, partitions: Iterable[int] | None = None, timeout: float = 10.0
    ) -> dict[int, LastRecord]:
        """See `read_last`."""
        deadline = time.monotonic() + timeout
        with self._lock:
            try:
                self._consumer = self._consumer or _new_consumer(self._conf, "asking-for-rows")
                return last_records(self._consumer, topic, partitions, deadline)
            except BaseException:
                self._close()  # begin with a new connection the next time
                raise

    def close(self) -> None:
        """Close the connection; the next question opens a new one."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()


def _new_consumer(conf: Mapping[str, Any], group: str) -> Consumer:
    quiet = {"log_level": 0, "error_cb": lambda _error: None}
    return Consumer({"group.id": group, **quiet, **conf, **CONSUMER})


def last_records(
    consumer: Consumer, topic: str, partitions: Iterable[int] | None, deadline: float
) -> dict[int, LastRecord]:
    """Like `read_last`, with a consumer that stays open, for repeated reads.

    Make the consumer with `CONSUMER`; its assignment is replaced. `deadline` is a
    reading of `time.monotonic()`.
    """
    there = partitions_of(consumer, topic, deadline)
    wanted = there if partitions is None else set(partitions)
    if not there or not wanted:
        return {}
    if wanted - there:
        numbers = ", ".join(map(str, sorted(wanted - there)))
        text = f"topic {topic} has no partition {numbers}"
        missing = KafkaError(KafkaError._UNKNOWN_PARTITION, text)
        raise KafkaException(missing)
    try:
        return _search(consumer, topic, wanted, deadline)
    finally:
        # Else it would go on fetching what nobody polls.
        consumer.unassign()


def _search(
    consumer: Consumer, topic: str, partitions: set[int], deadline: float
) -> dict[int, LastRecord]:
    spans = committed_spans(consumer, topic, partitions, deadline)
    searches = {
        partition: TailSearch(span.begin, span.end)
        for partition, span in spans.items()
        if span.begin < span.end
    }
    found: dict[int, LastRecord] = {}
    consumer.assign([TopicPartition(topic, p, search.start) for p, search in searches.items()])
    unsettled = set(searches)
    while unsettled:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{topic}: partitions {sorted(unsettled)} not read to their ends")
        message = consumer.poll(_POLL)
        if message is None or is_about_group(message):
            continue
        _raise_error(message)
        partition = message.partition()
        if partition not in unsettled:
            continue
        search = searches[partition]
        if message.error() is None:
            found[partition] = _last(message)
        back = _advance(search, message)
        if back is not None:
            consumer.seek(TopicPartition(topic, partition, back))
        elif search.settled:
            unsettled.discard(partition)
    return found


def _raise_error(message: Message) -> None:
    """Raise an error that is not the end of a partition."""
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)


def is_about_group(message: Message) -> bool:
    """Whether librdkafka says that the user has no right to its ``group.id``.

    It looks for the group's coordinator though nothing is committed, and reports this if it is
    quicker than the read.
    """
    error = message.error()
    return error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED


def _advance(search: TailSearch, message: Message) -> int | None:
    """Note a record or an end; returns the offset to go back to, if any."""
    if message.error() is None:
        return search.advance(_offset(message) + 1, found=True)
    # For a reader of committed records this is where the first open transaction begins; the
    # markers in front of it, which it never gets, are behind it now.
    return search.advance(_offset(message), found=False, exhausted=True)


def _last(message: Message) -> LastRecord:
    return LastRecord(message.key(), message.value(), _offset(message), tuple(headers_of(message)))


def _offset(message: Message) -> int:
    """Only messages that were not sent yet have none."""
    return cast(int, message.offset())
