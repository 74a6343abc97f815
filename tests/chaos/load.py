"""Records that come in while the faults happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

TICK = 0.05
#: Records a tick once the faults are over and the rest only has to get there.
REST = 5_000
PADDING = b" " + b"." * 90


def value(partition: int, offset: int) -> bytes:
    """The record at this offset: it says where it is, so that the proof can tell."""
    return b"%d-%d" % (partition, offset) + PADDING


class Load:
    """Produces `records` records in the background, as fast as is needed to last the whole run.

    Its producer is idempotent and keeps trying while the broker is away, so the n-th record sent
    to a partition has offset n there.

    Args:
        lasts: how many more seconds the run goes on, about; 0 when the rest is to be sent.
    """

    def __init__(
        self, bootstrap: str, topic: str, records: int, partitions: int, lasts: Callable[[], float]
    ) -> None:
        self.failed: list[KafkaError] = []
        self._acknowledged = 0
        self._last_words: KafkaError | None = None
        self.sent = [0] * partitions
        self._topic, self._records, self._lasts = topic, records, lasts
        self._stopping = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "delivery.timeout.ms": 900_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
                "error_cb": self._heard,
            }
        )
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

    def __str__(self) -> str:
        return (
            f"load: {sum(self.sent):,} of {self._records:,} handed over, "
            f"{self._acknowledged:,} acknowledged, {len(self._producer):,} under way, "
            f"{'sending' if self._thread.is_alive() else 'ended'}; "
            f"failed: {self.failed[:1]}, last error: {self._last_words}"
        )

    def wait(self, timeout: float) -> None:
        """Wait until all is acknowledged. Fails when that is not so after `timeout` s."""
        deadline = time.monotonic() + timeout
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"{sum(self.sent)} of {self._records} records sent"
        left = self._producer.flush(max(0.0, deadline - time.monotonic()))
        assert not left, f"{left} records were not acknowledged in {timeout:g} s"
        assert not self.failed, f"the load could not be produced: {self.failed[0]}"

    def close(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self._thread.join()
        self._producer.purge()
        self._producer.flush(1)

    def _run(self) -> None:
        owed, left = 0.0, self._records
        while left and not self._stopping.wait(TICK):
            lasts = self._lasts()
            owed = REST if lasts <= 0 else owed + left * TICK / max(lasts, TICK)
            now = min(left, int(owed))
            for _ in range(now):
                self._send()
                if self.failed:
                    return
            left -= now
            owed -= now
            self._producer.poll(0)

    def _send(self) -> None:
        number = sum(self.sent)
        partition = number % len(self.sent)
        record = value(partition, self.sent[partition])
        while not self._stopping.is_set():
            try:
                self._producer.produce(
                    self._topic, record, None, partition, on_delivery=self._delivered
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as exc:
                self.failed.append(exc.args[0])
                return
            else:
                self.sent[partition] += 1
                return

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._acknowledged += 1
        else:
            self.failed.append(error)

    def _heard(self, error: KafkaError) -> None:
        if error.fatal() or error.code() != KafkaError._TRANSPORT:
            self._last_words = error
