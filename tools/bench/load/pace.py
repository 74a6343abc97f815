"""Sends accounts at a steady pace, from a thread of its own."""

import threading
import time
from array import array
from collections.abc import Iterator
from itertools import cycle

from confluent_kafka import Producer

from tools.bench.load import accounts
from tools.bench.support.topology import Topology

_TIMEOUT = 30.0


class Sender:
    """Round the partitions, one account at a time, without lingering.

    Nobody else may write to the topic: an account's offset is taken from its place in the order.
    """

    def __init__(self, run: Topology) -> None:
        self._topic = run.accounts
        self._pool = cycle(accounts.pool())
        # Arrays: millions of objects would make the garbage collector pause the measurement.
        self._due = array("d")
        self._late = array("d")
        self._partitions = run.partitions
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": run.broker,
                "linger.ms": 0,
                "enable.idempotence": True,
                "log_level": 2,
            }
        )
        self.total = 0
        """Accounts that are sent already or will be."""

    def send_now(self, count: int) -> None:
        """Send some at once, and return when they are acknowledged."""
        for _ in range(count):
            self._send(time.time())
        self.total += count
        self._flush()

    def start(self, count: int, rate: int) -> None:
        """Begin to send that many more, `rate` a second, the first one now; returns at once.

        `finish` comes before another start.
        """
        self.total += count
        self._thread = threading.Thread(target=self._keep_pace, args=(count, rate), daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise RuntimeError when sending has failed."""
        if self._failure is not None:
            raise RuntimeError("the accounts could not be sent") from self._failure

    def finish(self) -> None:
        """Wait until all are acknowledged."""
        if self._thread is not None:
            self._thread.join(_TIMEOUT)
            self._thread = None
        self.check()

    def sent(self) -> Iterator[tuple[int, int, float, float]]:
        """In the order in which they were due: partition, offset, the moment (seconds of the
        epoch), and how late it was really sent (ms).
        """
        for number, (due, late) in enumerate(zip(self._due, self._late, strict=True)):
            yield number % self._partitions, number // self._partitions, due, late

    def _keep_pace(self, count: int, rate: int) -> None:
        try:
            started = time.time()
            for number in range(count):
                due = started + number / rate
                while (left := due - time.time()) > 0:
                    time.sleep(left)
                self._send(due)
            self._flush()
        except Exception as error:  # noqa: BLE001 - handed to the thread that asks
            self._failure = error

    def _send(self, due: float) -> None:
        partition = len(self._due) % self._partitions
        late = (time.time() - due) * 1000
        self._producer.produce(
            self._topic, next(self._pool), partition=partition, timestamp=int(due * 1000)
        )
        self._producer.poll(0)
        self._due.append(due)
        self._late.append(late)

    def _flush(self) -> None:
        if left := self._producer.flush(_TIMEOUT):
            raise RuntimeError(f"{left} accounts were not acknowledged")
