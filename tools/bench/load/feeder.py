"""Sends accounts at a rate, as a process: `python -m tools.bench.load.feeder BROKER TOPIC …`."""

import signal
import subprocess
import sys
import time
from itertools import cycle
from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from tools.bench.load import accounts
from tools.bench.support.topology import ROOT

_TICK = 0.02
_CONFIG = {
    "enable.idempotence": True,
    "linger.ms": 20,
    "batch.size": 256 * 1024,
    "log_level": 2,
}


class Feeder:
    """Sends `rate` accounts a second, evenly to the partitions, inside its block."""

    def __init__(self, broker: str, topic: str, partitions: int, rate: int) -> None:
        self._command = [sys.executable, "-m", "tools.bench.load.feeder", broker, topic]
        self._command += [str(partitions), str(rate)]

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(self._command, cwd=ROOT, start_new_session=True)
        return self

    def check(self) -> None:
        """Raise RuntimeError when it has ended by itself."""
        if self._child.poll() is not None:
            raise RuntimeError(f"the sender ended with code {self._child.returncode}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def feed(broker: str, topic: str, partitions: int, rate: int) -> None:
    """Send until SIGTERM; what is late because the machine was busy is sent as soon as it can be.

    Raises RuntimeError when accounts are not acknowledged, as the rate would be another.
    """
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    failed = 0

    def report(error: object, _message: object) -> None:
        nonlocal failed
        failed += error is not None

    producer = Producer({**_CONFIG, "bootstrap.servers": broker, "on_delivery": report})
    values, started, sent = cycle(accounts.pool()), time.monotonic(), 0
    while not stopping and not failed:
        due = int((time.monotonic() - started) * rate)
        while sent < due and not stopping:
            try:
                producer.produce(topic, next(values), partition=sent % partitions)
                sent += 1
            except BufferError:
                producer.poll(_TICK)
        producer.poll(_TICK)
    left = producer.flush(20)
    if failed or left:
        raise RuntimeError(f"{failed + left} accounts were not acknowledged")


if __name__ == "__main__":
    feed(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
