"""Workers under a supervisor that starts again those that ended."""

from __future__ import annotations

import re
import signal
import threading
from collections import Counter
from collections.abc import Callable

from tests.worker import Worker

#: The last line of a traceback, and what Faust says of an error that ends its worker.
_EXCEPTION = re.compile(r"[A-Za-z_.]*(Error|Exception|Exit)\b|.*\[(CRITICAL)\]")

EVERY = 0.5
STOPPING = 30.0


class Fleet:
    """Workers that `make` makes, numbered from 0. Close it, else they stay.

    `say` is told of each that ended by itself, and why, as far as its log knows.
    """

    def __init__(self, make: Callable[[int], Worker], say: Callable[[str], None]) -> None:
        self.restarts = 0
        #: Exit codes of workers that ended though nobody had asked them to.
        self.crashes: Counter[int] = Counter()
        #: Exit codes of workers that were asked to end (SIGTERM).
        self.departures: Counter[int] = Counter()
        #: Workers that did not end although they were asked to.
        self.stuck = 0
        self._make = make
        self._say = say
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
            self.departures[worker.process.wait()] += 1
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
            self.crashes[worker.process.wait()] += 1
            self._say(f"{worker.directory.name} ended by itself: {_last_words(worker.log)}")
        self.restarts += 1
        worker.start()


def _last_words(log: str) -> str:
    """The line that says why: the last one that tells of an exception, else the last of all."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if _EXCEPTION.match(line)]
    return (told or lines or ["its log is empty"])[-1][:200]
