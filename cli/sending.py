"""Sending many records and counting what the brokers acknowledged."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cli.one_by_one import Headers, OneByOne
from cluster.errors import reason
from cluster.reach import quiet
from config.settings import Settings

_BETWEEN_POLLS = 500
_BATCH = 256 * 1024
_CONFIG = {
    "enable.idempotence": True,
    "linger.ms": 20,
    # Consumers in Python need packages of their own for lz4, snappy and zstd, and gzip is slow.
    "compression.type": "none",
    "batch.size": _BATCH,
    # The topic's limit decides, up to Kafka's own for a request (`socket.request.max.bytes`).
    "message.max.bytes": 100 * 1024 * 1024,
    # What is under way is in memory: 100,000 accounts are about 20 MB. One that is larger than all
    # that may be under way would wait for ever.
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 128 * 1024,
    # Kafka's own default is two minutes: too long for somebody who looks on.
    "message.timeout.ms": 30_000,
}
# As many failures without a success between them mean that the others will fare no better.
_HOPELESS = 1_000
_LAST_WORDS = 10.0


class Outgoing(NamedTuple):
    """A record to be sent; `partition` -1 leaves the choice to the producer."""

    value: bytes | None
    key: bytes | None = None
    partition: int = -1
    headers: Headers | None = None


@dataclass
class Sent:
    """What became of the records: each one handed over was acknowledged, failed or is unknown."""

    acknowledged: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    seconds: float = 0.0

    @property
    def failures(self) -> int:
        """Records that were refused or not delivered in time."""
        return self.failed.total()

    @property
    def per_second(self) -> float:
        """Acknowledged records."""
        return self.acknowledged / self.seconds if self.seconds else 0.0


class Sender:
    """An idempotent producer that counts. For one `send`."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.topic = topic
        self.sent = Sent()
        self._in_a_row = 0
        config = {**quiet(settings), **_CONFIG}
        self._producer = Producer({**config, "on_delivery": self._delivered})
        self._one_by_one = OneByOne(config, self._delivered_alone)

    def send(
        self,
        records: Iterable[Outgoing],
        *,
        progress: Callable[[Sent], None] = lambda _sent: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Sent:
        """Sends them all and waits until the fate of each is known; blocks.

        A record that fails is counted with its reason and the rest goes on, also what was in one
        batch with a record too large for the topic; after a thousand failures in a row the rest is
        left unsent. `progress` is told of the counts every few hundred records, `stop` is asked as
        often: when it says True nothing more is sent, what is under way is waited for ten seconds,
        and what is open then counts as unknown.
        """
        began = time.monotonic()
        try:
            self._send(records, progress, stop)
            self._finish(progress, stop)
        finally:
            self.sent.seconds = time.monotonic() - began
        progress(self.sent)
        return self.sent

    def _send(
        self,
        records: Iterable[Outgoing],
        progress: Callable[[Sent], None],
        stop: Callable[[], bool],
    ) -> None:
        for number, record in enumerate(records):
            if number % _BETWEEN_POLLS == 0:
                self._poll(0)
                progress(self.sent)
                if stop() or self._in_a_row >= _HOPELESS:
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
            # None for headers is not taken for none.
            if headers is None:
                self._producer.produce(self.topic, value, key, partition)
            else:
                # What is reported later comes without its headers.
                told = partial(self._delivered, headers=headers)
                self._producer.produce(self.topic, value, key, partition, told, headers=headers)
        except BufferError:
            return False
        except KafkaException as exc:
            # Refused before it was under way, so no report will come: too large, say.
            self._failed(exc.args[0])
        return True

    def _finish(self, progress: Callable[[Sent], None], stop: Callable[[], bool]) -> None:
        deadline = float("inf")
        while left := len(self._producer) + len(self._one_by_one):
            self._poll(0.1)
            progress(self.sent)
            if stop():
                deadline = min(deadline, time.monotonic() + _LAST_WORDS)
            if time.monotonic() > deadline:
                self.sent.unknown = left
                self._producer.purge(blocking=False)
                self._one_by_one.purge()
                return

    def _poll(self, seconds: float) -> None:
        self._producer.poll(seconds)
        self._one_by_one.poll()

    def _delivered(
        self, error: KafkaError | None, message: Message, headers: Headers | None = None
    ) -> None:
        refused = error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE
        if refused and self._in_a_row < _HOPELESS and len(message.value() or b"") < _BATCH:
            # The batch was; perhaps not this record.
            self._one_by_one.send(self.topic, message, headers)
        else:
            self._delivered_alone(error, message)

    def _delivered_alone(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.sent.acknowledged += 1
            self._in_a_row = 0
        else:
            self._failed(error)

    def _failed(self, error: KafkaError) -> None:
        self.sent.failed[reason(error)] += 1
        self._in_a_row += 1
