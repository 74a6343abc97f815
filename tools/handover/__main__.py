"""`python -m tools.handover`: restart workers in turn under load, and measure the stand-still.

Accounts come at a steady rate, several workers judge them, and a read_committed reader that is
already waiting notes when it gets each verdict. One worker after the other is stopped (SIGTERM) and
started again. After each stop and each start the longest time without a verdict is taken of every
partition: that is what a consumer of the verdicts sees of it. A verdict that is missing, comes
twice or out of order ends the measurement.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.bench.load.feeder import Feeder
from tools.bench.load.topics import Topics
from tools.bench.support.topology import Topology
from tools.devbroker import KafkaServer
from tools.handover.fleet import Reading, Worker
from tools.handover.pauses import JOIN, LEAVE, Restart, report

#: Longest wait (s) for workers to be ready and for the verdicts to come again.
TIMEOUT = 90.0
#: The verdicts come again when there was no pause of so many seconds ...
CURRENT = 2.0
#: ... for so long (s), which is longer than any heartbeat interval in use.
SETTLED = 4.0


class Measurement:
    """Restarts workers and waits until the verdicts come again."""

    def __init__(self, workers: Sequence[Worker], reading: Reading, feeder: Feeder) -> None:
        self._workers, self._reading, self._feeder = workers, reading, feeder

    def begin(self) -> None:
        """Wait until all workers are ready and the verdicts come."""
        self._wait(lambda: all(worker.is_ready() for worker in self._workers))
        self._settle()

    def restart(self, worker: Worker) -> list[Restart]:
        """Stop a worker and start it again."""
        return [
            self._after(LEAVE, worker, worker.stop, lambda: True),
            self._after(JOIN, worker, worker.start, worker.is_ready),
        ]

    def _after(
        self, event: str, worker: Worker, act: Callable[[], None], done: Callable[[], bool]
    ) -> Restart:
        began = time.time()
        act()
        self._wait(done)
        self._settle()
        found = Restart(event, worker.name, self._reading.pauses(began))
        figures = "  ".join(f"{pause:.2f}" for pause in found.pauses)
        print(f"{event:5} of {worker.name}: {figures}", flush=True)
        return found

    def _settle(self) -> None:
        began = time.time()
        self._wait(lambda: time.time() - began > SETTLED and self._is_current())

    def _is_current(self) -> bool:
        return max(self._reading.pauses(time.time() - SETTLED)) < CURRENT

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not until():
            for worker in self._workers:
                worker.check()
            self._reading.check()
            self._feeder.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the verdicts did not come again within {TIMEOUT:.0f} s")
            time.sleep(0.1)


def measure(workers: int, rate: int, restarts: int, partitions: int) -> list[Restart]:
    """Restart workers so many times, in turn."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handover-")))
        server = stack.enter_context(KafkaServer(folder / "kafka"))
        topics = Topics(server.bootstrap, partitions)
        run = Topology.fresh("handover", topics, folder)
        reading = stack.enter_context(Reading(run))
        fleet = [Worker(run, number) for number in range(workers)]
        for worker in fleet:
            stack.callback(worker.stop)
            worker.start()
        feeder = stack.enter_context(Feeder(server.bootstrap, run.accounts, partitions, rate))
        measurement = Measurement(fleet, reading, feeder)
        measurement.begin()
        found: list[Restart] = []
        for number in range(restarts):
            found += measurement.restart(fleet[number % workers])
        return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.handover", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--workers", type=int, default=3, help="restarted in turn")
    add("--rate", type=int, default=500, help="accounts a second")
    add("--restarts", type=int, default=6, help="in all")
    add("--partitions", type=int, default=4, help="of every topic")
    chosen = parser.parse_args()
    before = os.getloadavg()[0]
    found = measure(chosen.workers, chosen.rate, chosen.restarts, chosen.partitions)
    print("\n" + report(found))
    print(f"\nload of the machine: {before:.1f} before, {os.getloadavg()[0]:.1f} at the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
