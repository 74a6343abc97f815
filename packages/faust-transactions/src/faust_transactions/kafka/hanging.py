"""Transactions that hang: decided by their coordinator, still open in their partitions.

A coordinator that cannot find the leader of a partition may take it for deleted and leave the
commit or abort marker out. Kafka 4.3.0, 4.3.1 and 4.4.0 do so while the only broker that has the
partition is stopped or down (KAFKA-20734: ``KRaftMetadataCache.getPartitionLeaderEndpoint``
answers nothing where up to 4.2 it answered "no node", and ``TransactionMarkerChannelManager``
retried; no release with a fix is known). For the producer the transaction is committed. For a
read_committed reader the partition ends before it, until the next marker of the same producer,
which then decides about all of it. KIP-664 has other ways into that state. docs/engine.md says what
the engine does about it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from faust.types import TP

from faust_transactions.kafka.offsets import committed_ends, partitions_of
from faust_transactions.kafka.record_headers import headers_of
from faust_transactions.kafka.tail import is_about_group

__all__ = [
    "LATE",
    "HangingTransactionDetector",
    "Headers",
    "OpenTransactions",
    "headers_since",
    "open_since",
]

Headers = Sequence[tuple[str, bytes | None]]

#: Longest wait (s) for the brokers' answers.
TIMEOUT = 10.0
#: So late (s) no marker comes any more; most come within milliseconds.
LATE = 5.0


def open_since(conf: Mapping[str, Any], partitions: Iterable[TP]) -> dict[TP, int]:
    """Those of the partitions with an open transaction, and the offset where the first begins.

    A partition that does not exist has none. ``conf`` says how librdkafka reaches the brokers.
    Blocks for some tens of milliseconds as a rule. Raises KafkaException when the brokers refuse or
    do not answer.
    """
    asking = OpenTransactions(conf)
    try:
        return asking.since(partitions)
    finally:
        asking.close()


def headers_since(conf: Mapping[str, Any], offsets: Mapping[TP, int]) -> dict[TP, list[Headers]]:
    """The headers of each record from an offset to its partition's end, committed or not.

    One consumer reads all partitions: a hand-over waits for this while no heartbeat is sent.
    Blocks. Raises KafkaException, TimeoutError when not all ends were reached in time.
    """
    reader = _reader(conf, "read_uncommitted")
    found: dict[TP, list[Headers]] = {tp: [] for tp in offsets}
    unread = set(offsets)
    try:
        reader.assign([TopicPartition(*tp, offset) for tp, offset in offsets.items()])
        deadline = time.monotonic() + TIMEOUT
        while unread and time.monotonic() < deadline:
            message = reader.poll(0.5)
            if message is None or is_about_group(message):
                continue
            tp = TP(cast(str, message.topic()), cast(int, message.partition()))
            error = message.error()
            if error is None:
                found[tp].append(tuple(headers_of(message)))
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(tp)
            elif not error.retriable():
                raise KafkaException(error)
    finally:
        reader.close()
    if unread:
        names = ", ".join(f"{tp.topic}-{tp.partition}" for tp in sorted(unread))
        raise TimeoutError(f"{names}: not read to the end")
    return found


class OpenTransactions:
    """The same as `open_since`, in a millisecond or two, by consumers that stay connected.

    Any thread may ask; one at a time does.
    """

    def __init__(self, conf: Mapping[str, Any]) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        #: One that reads what is committed, and one that reads everything.
        self._readers: tuple[Consumer, Consumer] | None = None

    def since(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """See `open_since`."""
        with self._lock:
            try:
                return self._since(partitions)
            except BaseException:
                self._close()  # begin with new connections the next time
                raise

    def headers_since(self, offsets: Mapping[TP, int]) -> dict[TP, list[Headers]]:
        """See `headers_since`."""
        return headers_since(self._conf, offsets)

    def still_open(self, partitions: Collection[TP]) -> Mapping[TP, int]:
        """Those in which a transaction is still open after `LATE` seconds. Blocks.

        Returns when none is open: markers are written some milliseconds after the commit has
        returned. Raises KafkaException.
        """
        deadline = time.monotonic() + LATE
        while (found := self.since(partitions)) and time.monotonic() < deadline:
            time.sleep(0.005)
        return found

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        with self._lock:
            self._close()

    def _since(self, partitions: Iterable[TP]) -> dict[TP, int]:
        wanted: dict[str, set[int]] = defaultdict(set)
        for tp in partitions:
            wanted[tp.topic].add(tp.partition)
        if self._readers is None:
            self._readers = (
                _reader(self._conf, "read_committed"),
                _reader(self._conf, "read_uncommitted"),
            )
        committed, everything = self._readers
        deadline = time.monotonic() + TIMEOUT
        found: dict[TP, int] = {}
        for topic, asked in wanted.items():
            numbers = asked & partitions_of(everything, topic, deadline)
            # In this order: what is committed in between makes nothing look open.
            ends = committed_ends(everything, topic, numbers, deadline)
            stable = committed_ends(committed, topic, numbers, deadline)
            found |= {TP(topic, p): stable[p] for p in numbers if stable[p] < ends[p]}
        return found

    def _close(self) -> None:
        readers, self._readers = self._readers, None
        for reader in readers or ():
            reader.close()


class HangingTransactionDetector:
    """A transaction hangs if its first offset is unchanged since the last check."""

    def __init__(self) -> None:
        self._last: Mapping[TP, int] = {}

    def hanging(self, found: Mapping[TP, int]) -> set[TP]:
        """The partitions in which `open_since` found the same first offset at the last check."""
        last, self._last = self._last, dict(found)
        return {tp for tp, since in found.items() if last.get(tp) == since}


def _reader(conf: Mapping[str, Any], isolation: str) -> Consumer:
    """A consumer that only asks; librdkafka wants a group's name from it."""
    own = {
        "group.id": "asking-for-ends",
        "isolation.level": isolation,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        # The end of a partition is an answer without records: the broker must not hold it back.
        "fetch.wait.max.ms": 10,
        "log_level": 0,
    }
    return Consumer({"error_cb": lambda _error: None, **conf, **own})
