"""Records that come in while the faults happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

TICK = 0.05
#: Records a tick once the faults are over and the rest only has to get there.
REST = 5_000
#: Seconds without an acknowledgement after which the producer is replaced. No fault lasts as long.
STUCK_AFTER = 30.0
PURGED = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)
PADDING = b" " + b"." * 90


def value(partition: int, offset: int) -> bytes:
    """The record at this offset: it says where it is, so that the proof can tell."""
    return b"%d-%d" % (partition, offset) + PADDING


class Load:
    """Produces `records` records in the background, as fast as is needed to last the whole run.

    Its producer is idempotent and keeps trying while the broker is away, so the n-th record sent
    to a partition has offset n there. librdkafka's producer may stop sending for good after a
    restart of the broker; a new one goes on at the end of each partition then.

    Args:
        lasts: how many more seconds the run goes on, about; 0 when the rest is to be sent.
    """

    def __init__(
        self, bootstrap: str, topic: str, records: int, partitions: int, lasts: Callable[[], float]
    ) -> None:
        self.failed: list[KafkaError] = []
        #: How often the producer was replaced.
        self.replaced = 0
        self._acknowledged = 0
        self._last_error: KafkaError | None = None
        self.sent = [0] * partitions
        self._bootstrap, self._topic, self._records = bootstrap, topic, records
        self._lasts = lasts
        self._stopping = threading.Event()
        self._producer = self._new_producer()
        self._last_progress = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

    def _new_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "delivery.timeout.ms": 900_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
                "error_cb": self._heard,
            }
        )

    def __str__(self) -> str:
        return (
            f"load: {sum(self.sent):,} of {self._records:,} handed over, "
            f"{self._acknowledged:,} acknowledged, {len(self._producer):,} under way, "
            f"{'sending' if self._thread.is_alive() else 'ended'}; "
            f"failed: {self.failed[:1]}, last error: {self._last_error}, "
            f"producer replaced {self.replaced} times"
        )

    def wait(self, timeout: float) -> None:
        """Wait until all is acknowledged. Fails when that is not so after `timeout` s."""
        self._thread.join(timeout)
        assert not self.failed, f"the load could not be produced: {self.failed[0]}"
        is_done = sum(self.sent) == self._acknowledged == self._records
        assert is_done, f"not all was acknowledged in {timeout:g} s: {self}"

    def close(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self._thread.join()
        self._producer.purge()
        self._producer.flush(1)

    def _run(self) -> None:
        owed = 0.0
        while not self._stopping.wait(TICK) and not self.failed:
            left = self._records - sum(self.sent)
            if not left and not len(self._producer):
                return
            lasts = self._lasts()
            owed = REST if lasts <= 0 else owed + left * TICK / max(lasts, TICK)
            now = min(left, int(owed))
            owed -= now
            for _ in range(now):
                if not self._send():
                    break
            self._producer.poll(0)
            self._replace_if_stuck()

    def _send(self) -> bool:
        """Hand a record to the producer; False where it takes none now."""
        partition = sum(self.sent) % len(self.sent)
        record = value(partition, self.sent[partition])
        try:
            self._producer.produce(
                self._topic, record, None, partition, on_delivery=self._delivered
            )
        except BufferError:
            self._producer.poll(0.1)
            return False
        except KafkaException as exc:
            self.failed.append(exc.args[0])
            return False
        self.sent[partition] += 1
        return True

    def _replace_if_stuck(self) -> None:
        now = time.monotonic()
        if not len(self._producer):
            self._last_progress = now
        if now - self._last_progress < STUCK_AFTER:
            return
        self._producer.purge()
        self._producer.flush(1)
        self.sent = self._ends()
        self._acknowledged = sum(self.sent)
        self._producer = self._new_producer()
        self.replaced += 1
        self._last_progress = time.monotonic()

    def _ends(self) -> list[int]:
        """The end of each partition, once nothing more comes of what was under way."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "ends"})
        places = [TopicPartition(self._topic, partition) for partition in range(len(self.sent))]
        ends: list[int] = []
        try:
            while not self._stopping.wait(2):
                before = ends
                try:
                    ends = [consumer.get_watermark_offsets(each, timeout=5)[1] for each in places]
                except KafkaException:  # the broker is away, or has only begun
                    continue
                if ends == before:
                    break
        finally:
            consumer.close()
        return ends or self.sent

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._acknowledged += 1
            self._last_progress = time.monotonic()
        elif error.code() not in PURGED:
            self.failed.append(error)

    def _heard(self, error: KafkaError) -> None:
        if error.fatal() or error.code() != KafkaError._TRANSPORT:
            self._last_error = error
