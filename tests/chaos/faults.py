"""Carries the faults out, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from devbroker import KafkaServer
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Fault, Kind
from tests.chaos.progress import Progress
from tests.integration.worker import Worker

#: Seconds without a commit after which the engine has not survived a fault.
PATIENCE = 90.0


class Chaos:
    """What the faults happen to. `say` gets a line for each fault."""

    def __init__(
        self, server: KafkaServer, fleet: Fleet, progress: Progress, say: Callable[[str], None]
    ) -> None:
        self._server, self._fleet, self._progress, self._say = server, fleet, progress, say
        self._left: Sequence[Fault] = ()

    def lasts(self) -> float:
        """Seconds that the faults which have not ended will take, about."""
        return sum(fault.expected for fault in self._left)

    def plan(self, faults: Sequence[Fault]) -> None:
        """Set the faults that are to happen."""
        self._left = list(faults)

    def wreak(self) -> None:
        """Do what was planned. Raises Stalled when work does not go on after a fault."""
        total, started, committed = len(self._left), time.monotonic(), 0
        while self._left:
            fault = self._left[0]
            if fault.waits_for_progress:
                self._progress.wait_beyond(committed, PATIENCE)
            time.sleep(fault.gap)
            committed = self._progress.committed()
            self._say(
                f"{time.monotonic() - started:6.1f} s  {total - len(self._left) + 1:3}/{total}  "
                f"{committed:9,} committed  {fault.kind.value} ({fault.seconds:.1f} s)"
            )
            self._do(fault)
            self._left = self._left[1:]

    def _do(self, fault: Fault) -> None:
        match fault.kind:
            case Kind.KILL:
                self._fleet.kill(fault.pick)
            case Kind.ZOMBIE | Kind.NAP:
                _suspend(self._fleet.any(fault.pick), fault.seconds)
            case Kind.JOIN:
                self._fleet.add()
            case Kind.LEAVE:
                self._fleet.remove(fault.pick)
            case Kind.BROKER_RESTART:
                self._server.stop()
                self._start_again(fault.seconds)
            case Kind.BROKER_KILL:
                self._server.kill()
                self._start_again(fault.seconds)
            case Kind.BROKER_PAUSE:
                self._server.pause()
                time.sleep(fault.seconds)
                self._server.resume()

    def _start_again(self, after: float) -> None:
        time.sleep(after)
        self._server.start()


def _suspend(worker: Worker, seconds: float) -> None:
    worker.pause()
    try:
        time.sleep(seconds)
    finally:
        worker.cont()
