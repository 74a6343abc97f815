"""Sends many records and counts what the brokers acknowledged."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cli.reading.single_record_batches import Headers, SingleRecordProducer
from cluster.errors import reason
from cluster.reach import quiet
from config import Settings

_BETWEEN_POLLS = 500
# Records may come slowly.
_LONGEST_BETWEEN_POLLS = 0.5
_BATCH = 256 * 1024
_CONFIG = {
    "enable.idempotence": True,
    "linger.ms": 20,
    # Consumers in Python need packages of their own for lz4, snappy and zstd, and gzip is slow.
    "compression.type": "none",
    "batch.size": _BATCH,
    # The topic's limit applies, up to Kafka's own for a request (`socket.request.max.bytes`).
    "message.max.bytes": 100 * 1024 * 1024,
    # Records in flight are in memory: 100,000 accounts are about 20 MB. A record that is larger
    # than this queue would wait for ever.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 128 * 1024,
    # Kafka's own default is two minutes: too long at a terminal.
    "message.timeout.ms": 30_000,
}
# So many failures in a row mean that the rest will fail as well.
_HOPELESS = 1_000
_STOP_TIMEOUT = 10.0


class Outgoing(NamedTuple):
    """A record to send; `partition` -1 leaves the choice to the producer."""

    value: bytes | None
    key: bytes | None = None
    partition: int = -1
    headers: Headers | None = None


@dataclass
class Sent:
    """Counts of records: each one handed over was acknowledged, failed or is unknown.

    `ends` has, for each partition with acknowledged records, the offset after the last of them.
    """

    acknowledged: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    seconds: float = 0.0
    ends: dict[int, int] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """Number of records that were refused or not delivered in time."""
        return self.failed.total()

    @property
    def per_second(self) -> float:
        """Acknowledged records a second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0


class Sender:
    """An idempotent producer that counts, over all calls of `send`."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.topic = topic
        self.sent = Sent()
        self._in_a_row = 0
        config = {**quiet(settings), **_CONFIG}
        self._producer = Producer({**config, "on_delivery": self._delivered})
        self._singly = SingleRecordProducer(config, self._delivered_alone)

    @property
    def has_given_up(self) -> bool:
        """Whether so many failed in a row that it sends no more."""
        return self._in_a_row >= _HOPELESS

    def send(
        self,
        records: Iterable[Outgoing],
        *,
        progress: Callable[[Sent], None] = lambda _sent: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Sent:
        """Send all records and wait until the outcome of each is known.

        Counts a record that fails by its reason and goes on, also with those in one batch with a
        record that is too large for the topic; stops after a thousand failures in a row. Calls
        `progress` and `stop` every few hundred records, or half a second: once `stop` returns True,
        sends no more, waits up to ten seconds for those in flight, and counts the rest as unknown.
        """
        began = time.monotonic()
        try:
            self._send(records, progress, stop)
            self._finish(progress, stop)
        finally:
            self.sent.seconds += time.monotonic() - began
        progress(self.sent)
        return self.sent

    def _send(
        self,
        records: Iterable[Outgoing],
        progress: Callable[[Sent], None],
        stop: Callable[[], bool],
    ) -> None:
        due = 0.0
        for number, record in enumerate(records):
            if number % _BETWEEN_POLLS == 0 or time.monotonic() > due:
                due = time.monotonic() + _LONGEST_BETWEEN_POLLS
                self._poll(0)
                progress(self.sent)
                if stop() or self.has_given_up:
                    return
            while not self._hand_over(record):
                # The producer's queue is full: wait until some are delivered.
                self._poll(0.1)
                progress(self.sent)
                if stop():
                    return

    def _hand_over(self, record: Outgoing) -> bool:
        value, key, partition, headers = record
        try:
            # confluent-kafka does not accept None for headers.
            if headers is None:
                self._producer.produce(self.topic, value, key, partition)
            else:
                # A delivery report has no headers.
                report = partial(self._delivered, headers=headers)
                self._producer.produce(self.topic, value, key, partition, report, headers=headers)
        except BufferError:
            return False
        except KafkaException as exc:
            # Refused by librdkafka, so there is no report: too large, for example.
            self._failed(exc.args[0])
        return True

    def _finish(self, progress: Callable[[Sent], None], stop: Callable[[], bool]) -> None:
        deadline = float("inf")
        while left := len(self._producer) + len(self._singly):
            self._poll(0.1)
            progress(self.sent)
            if stop():
                deadline = min(deadline, time.monotonic() + _STOP_TIMEOUT)
            if time.monotonic() > deadline:
                self.sent.unknown = left
                self._producer.purge(blocking=False)
                self._singly.purge()
                return

    def _poll(self, seconds: float) -> None:
        self._producer.poll(seconds)
        self._singly.poll()

    def _delivered(
        self, error: KafkaError | None, message: Message, headers: Headers | None = None
    ) -> None:
        refused = error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE
        if refused and self._in_a_row < _HOPELESS and len(message.value() or b"") < _BATCH:
            # The batch was too large; this record may fit.
            self._singly.send(self.topic, message, headers)
        else:
            self._delivered_alone(error, message)

    def _delivered_alone(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.sent.acknowledged += 1
            self._in_a_row = 0
            # Of a record that a retry found there already, the offset is not known.
            partition, offset = message.partition(), message.offset()
            if partition is not None and offset is not None:
                self.sent.ends[partition] = max(self.sent.ends.get(partition, 0), offset + 1)
        else:
            self._failed(error)

    def _failed(self, error: KafkaError) -> None:
        self.sent.failed[reason(error)] += 1
        self._in_a_row += 1
