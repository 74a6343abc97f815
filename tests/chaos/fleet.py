"""Workers under a supervisor that starts again those that ended."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable

from tests.integration.worker import Worker

EVERY = 0.5
STOPPING = 30.0


class Fleet:
    """Workers that `make` makes, numbered from 0. Close it, else they stay."""

    def __init__(self, make: Callable[[int], Worker]) -> None:
        self.restarts = 0
        #: Exit codes of workers that ended though nobody had asked them to.
        self.crashes: Counter[int] = Counter()
        #: Exit codes of workers that were asked to end (SIGTERM).
        self.departures: Counter[int] = Counter()
        #: Workers that did not end although they were asked to.
        self.stuck = 0
        self._make = make
        self._made = 0
        self._members: list[Worker] = []
        self._killed: set[Worker] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor")
        self._supervisor.start()

    def add(self) -> Worker:
        """Start one more."""
        with self._lock:
            worker = self._make(self._made)
            self._made += 1
            worker.start()
            self._members.append(worker)
        return worker

    def any(self, pick: float) -> Worker:
        """One of them; `pick` from 0 up to, not including, 1."""
        with self._lock:
            return self._members[int(pick * len(self._members))]

    def kill(self, pick: float) -> None:
        """End one by SIGKILL; the supervisor starts it again."""
        worker = self.any(pick)
        with self._lock:
            if worker.is_running:
                self._killed.add(worker)
                worker.kill()

    def remove(self, pick: float) -> None:
        """Let one end (SIGTERM) and do not start it again."""
        worker = self.any(pick)
        with self._lock:
            self._members.remove(worker)
        self._end(worker)

    def dump(self) -> None:
        """Have every worker write the stacks of its threads and tasks into its log.

        Mode does so on SIGUSR1, unless its event loop hangs.
        """
        with self._lock:
            for worker in self._members:
                if worker.is_running:
                    worker.process.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        """Let all end. Returns when none is left."""
        self._closing.set()
        self._supervisor.join()
        leaving = [threading.Thread(target=self._end, args=(one,)) for one in self._members]
        for each in leaving:
            each.start()
        for each in leaving:
            each.join()
        self._members.clear()

    def _end(self, worker: Worker) -> None:
        if not worker.is_running:
            self.departures[worker.process.returncode] += 1
            return
        try:
            code = worker.stop(STOPPING)
        except AssertionError:
            worker.kill()
            with self._lock:
                self.stuck += 1
            return
        with self._lock:
            self.departures[code] += 1

    def _supervise(self) -> None:
        while not self._closing.wait(EVERY):
            with self._lock:
                for worker in self._members:
                    if not worker.is_running:
                        self._restart(worker)

    def _restart(self, worker: Worker) -> None:
        if worker in self._killed:
            self._killed.discard(worker)
        else:
            self.crashes[worker.process.returncode] += 1
        self.restarts += 1
        worker.start()
