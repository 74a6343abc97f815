"""Sends accounts at a steady pace, from a thread of its own."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from confluent_kafka import Producer

from tools.bench.load import accounts
from tools.bench.support.programs import Topology

_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """When an account was due (seconds of the epoch), and how late it was sent (ms)."""

    due: float
    late: float


class Sender:
    """Round the partitions, one account at a time, without lingering.

    Nobody else may write to the topic: an account's offset is taken from its place in the order.
    """

    def __init__(self, run: Topology, rate: int) -> None:
        """Send `rate` accounts a second once it is started."""
        self._topic, self._rate = run.accounts, rate
        self._pool = cycle(accounts.pool())
        self._sent: list[list[Sent]] = [[] for _ in range(run.partitions)]
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._producer = Producer(
            {"bootstrap.servers": run.broker, "linger.ms": 0, "enable.idempotence": True}
        )
        self.total = 0
        """Accounts that are sent already or will be."""

    def send_now(self, count: int) -> None:
        """Send some at once, and return when they are acknowledged."""
        for _ in range(count):
            self._send(time.time())
        self.total += count
        self._flush()

    def start(self, count: int) -> None:
        """Begin to send that many more at the pace, the first one now; returns at once."""
        self.total += count
        self._thread = threading.Thread(target=self._keep_pace, args=(count,), daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise RuntimeError when sending has failed."""
        if self._failure is not None:
            raise RuntimeError("the accounts could not be sent") from self._failure

    def finish(self) -> None:
        """Wait until all are acknowledged."""
        if self._thread is not None:
            self._thread.join(_TIMEOUT)
        self.check()

    def sent(self) -> Iterator[tuple[int, int, float, float]]:
        """Partition, offset, when it was due and how late it was sent (as in `Sent`)."""
        for partition, records in enumerate(self._sent):
            for offset, record in enumerate(records):
                yield partition, offset, record.due, record.late

    def _keep_pace(self, count: int) -> None:
        try:
            started = time.time()
            for number in range(count):
                due = started + number / self._rate
                while (left := due - time.time()) > 0:
                    time.sleep(left)
                self._send(due)
            self._flush()
        except Exception as error:  # noqa: BLE001 - handed to the thread that asks
            self._failure = error

    def _send(self, due: float) -> None:
        partition = self._following
        late = (time.time() - due) * 1000
        self._producer.produce(
            self._topic, next(self._pool), partition=partition, timestamp=int(due * 1000)
        )
        self._producer.poll(0)
        self._sent[partition].append(Sent(due, late))

    @property
    def _following(self) -> int:
        return min(range(len(self._sent)), key=lambda partition: len(self._sent[partition]))

    def _flush(self) -> None:
        if left := self._producer.flush(_TIMEOUT):
            raise RuntimeError(f"{left} accounts were not acknowledged")
