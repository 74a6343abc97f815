"""Workers that are stopped and started again, and the reader of their verdicts."""

import threading
import time
import urllib.request
from dataclasses import replace
from typing import Self

from tools.bench.load.waiting_reader import WaitingReader
from tools.bench.support.process import Running
from tools.bench.support.programs import with_web
from tools.bench.support.topology import Topology
from tools.devbroker import free_port
from tools.handover.pauses import longest_pause


class Worker:
    """One of the workers, on a port and in a folder of its own."""

    def __init__(self, run: Topology, number: int) -> None:
        self.name = f"worker-{number}"
        self._run = replace(run, folder=run.folder / self.name)
        self._run.folder.mkdir()
        self._port = free_port()
        self._program = with_web(self.name, self._port)
        self._running: Running | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        self._running = Running(self._program, self._run)
        self._running.__enter__()

    def stop(self) -> None:
        """Stop it in order; returns when the process has ended."""
        running, self._running = self._running, None
        if running is not None:
            running.__exit__(None, None, None)

    def check(self) -> None:
        """Raise ProgramDied when it has ended by itself."""
        if self._running is not None:
            self._running.check()

    def is_ready(self) -> bool:
        """Whether it says that it works."""
        address = f"http://127.0.0.1:{self._port}/health/ready"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Reading:
    """Reads the verdicts in a thread, inside its block."""

    def __init__(self, run: Topology) -> None:
        self._reader = WaitingReader(run, with_web("reading", 0))
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name="reading")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            with self._reader as reader:
                while not self._over.is_set():
                    reader.read()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asks
            self._failure = error

    def check(self) -> None:
        """Raise what ended the reading."""
        if self._failure is not None:
            raise self._failure

    def pauses(self, since: float) -> list[float]:
        """The longest time without a verdict in each partition from `since` until now."""
        now = time.time()
        return [longest_pause(moments, since, now) for moments in self._reader.received]
