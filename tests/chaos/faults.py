"""Carries the faults out, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.chaos.fleet import Fleet
from tests.chaos.plan import Fault, Kind
from tests.chaos.progress import Progress, Stalled
from tests.worker import Worker
from tools.devbroker import KafkaServer

#: Seconds without a commit after which the engine has not survived a fault.
PATIENCE = 90.0
#: What Kafka 4.3.1 writes when a group's coordinator was loaded twice at once, for two epochs of
#: its partition that follow each other within a second of a broker's start. It then has lost the
#: group's offsets and writes none, until the broker is started again.
BROKEN_COORDINATOR = b"is out of sync with the underlying log"


class Chaos:
    """What the faults happen to. `say` gets a line for each fault."""

    def __init__(
        self, server: KafkaServer, fleet: Fleet, progress: Progress, say: Callable[[str], None]
    ) -> None:
        self._server, self._fleet, self._progress, self._say = server, fleet, progress, say
        self._left: Sequence[Fault] = ()
        self._known_broken = 0
        #: Broker starts that a broken coordinator made necessary.
        self.healed = 0

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
                self._wait_beyond(committed)
            time.sleep(fault.gap)
            committed = self._progress.committed()
            self._say(
                f"{time.monotonic() - started:6.1f} s  {total - len(self._left) + 1:3}/{total}  "
                f"{committed:9,} committed  {fault.kind.value} ({fault.seconds:.1f} s)"
            )
            self._do(fault)
            self._left = self._left[1:]

    def finish(self, records: int, timeout: float) -> None:
        """Wait until so many records are committed. Raises Stalled."""
        deadline = time.monotonic() + timeout
        while (now := self._progress.committed()) < records:
            if time.monotonic() > deadline:
                raise Stalled(f"{now} of {records} records were committed within {timeout:g} s")
            self._wait_beyond(now)

    def _wait_beyond(self, committed: int) -> None:
        try:
            self._progress.wait_beyond(committed, PATIENCE)
        except Stalled:
            if not self._heal():
                raise
            self._progress.wait_beyond(committed, PATIENCE)

    def _heal(self) -> bool:
        """Start the broker again if it is the broker that is broken, as its operator would."""
        broken = self._server.log_file.read_bytes().count(BROKEN_COORDINATOR)
        if broken == self._known_broken:
            return False
        self._known_broken = broken
        self.healed += 1
        self._say("the broker says that its group coordinator is broken: stop and start it")
        self._server.stop()
        self._server.start()
        return True

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
