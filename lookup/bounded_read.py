"""Reads partitions of several topics once, side by side, up to ends that are fixed before."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, cast

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from faust_transactions import Span

from cluster import ClusterError
from cluster.errors import PARTITION_EOF, reason
from cluster.reach import quiet
from config import Settings

Place = tuple[str, int]
"""A topic and a partition."""

Headers = list[tuple[str, bytes | None]]


class Record(Protocol):
    """A message that was read; in confluent-kafka's own type everything may be None."""

    def topic(self) -> str:
        """Its topic."""
        ...

    def partition(self) -> int:
        """Its partition."""
        ...

    def offset(self) -> int:
        """Its offset."""
        ...

    def timestamp(self) -> tuple[int, int]:
        """Its kind (one of confluent-kafka's constants), and ms since the epoch."""
        ...

    def key(self) -> bytes | None:
        """Its key, if any."""
        ...

    def value(self) -> bytes | None:
        """Its bytes, or None for a null."""
        ...

    def headers(self) -> Headers | None:
        """In their order."""
        ...


_AT_ONCE = 5_000
_POLL = 0.2
# No record for so long: the brokers are away, or do not answer at the addresses they advertise.
_SILENCE = 30.0
# Waiting for a transaction to end; a living worker's takes well below a second.
_TIMEOUT = 5.0
_CONFIG = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # What is deleted while it is read is gone; go on with what is left.
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 50,
    "queued.max.messages.kbytes": 32 * 1024,
}


class BoundedRead:
    """The committed records of each span, each once; those of a partition in order.

    One consumer that joins no group reads all of them. For one iteration. Afterwards `stopped_at`
    has the partitions that could not be read to their ends, and how far they were read: a
    transaction is open there that did not end within five seconds.
    """

    def __init__(self, settings: Settings, spans: Mapping[Place, Span]) -> None:
        self.stopped_at: dict[Place, int] = {}
        self._settings = settings
        self._ends = {place: span.end for place, span in spans.items() if span.begin < span.end}
        self._begins = {place: spans[place].begin for place in self._ends}
        self._last = 0.0

    def batches(self, stop: Callable[[], bool] = lambda: False) -> Iterator[list[Record]]:
        """Lists of some thousand records. Ends when `stop` returns True; raises ClusterError."""
        # The group is only named, for clusters where this one alone is allowed.
        consumer = Consumer({**quiet(self._settings), "group.id": self._settings.app_id, **_CONFIG})
        try:
            consumer.assign([TopicPartition(*p, begin) for p, begin in self._begins.items()])
            self._last = time.monotonic()
            while self._ends and not stop():
                messages = consumer.consume(_AT_ONCE, _POLL)
                before = len(self._ends)
                records = [cast(Record, each) for each in messages if self._is_wanted(each)]
                if records:
                    yield records
                    # The caller may take longer for a batch than the longest silence allowed.
                    self._last = time.monotonic()
                if len(self._ends) < before:
                    self._narrow(consumer)
                if not records and self._is_over():
                    return
        except KafkaException as exc:
            raise ClusterError(f"topics cannot be read: {reason(exc.args[0])}") from exc
        finally:
            consumer.close()

    def _is_wanted(self, message: Message) -> bool:
        error = message.error()
        if error is not None and error.code() != PARTITION_EOF:
            raise KafkaException(error)
        record = cast(Record, message)
        place, offset = (record.topic(), record.partition()), record.offset()
        end = self._ends.get(place)
        if end is None:
            return False
        if error is not None:
            self._at_the_end(place, offset, end)
            return False
        self.stopped_at.pop(place, None)
        if offset >= end - 1:
            del self._ends[place]
        return offset < end

    def _at_the_end(self, place: Place, offset: int, end: int) -> None:
        self._last = time.monotonic() if place not in self.stopped_at else self._last
        if offset >= end:
            del self._ends[place]
            self.stopped_at.pop(place, None)
        else:
            self.stopped_at[place] = offset

    def _narrow(self, consumer: Consumer) -> None:
        """Stop fetching what is finished: a topic that grows would never end."""
        assigned = consumer.assignment()
        done = [tp for tp in assigned if (tp.topic, tp.partition) not in self._ends]
        consumer.incremental_unassign(done)

    def _is_over(self) -> bool:
        """True when all that is left waits for transactions, and has waited long enough."""
        silent = time.monotonic() - self._last
        if set(self._ends) == set(self.stopped_at):
            return silent > _TIMEOUT
        if silent > _SILENCE:
            topic, partition = next(iter(self._ends))
            raise ClusterError(
                f"no record of {topic}-{partition} in {_SILENCE:.0f} s: "
                "look at the state of the brokers"
            )
        return False
