"""One run of a program as child processes, with their logs, processor time and memory."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.bench.support.programs import Program
from tools.bench.support.topology import ROOT, Topology
from tools.bench.support.vitals import Vitals, total, vitals_of

_TIMEOUT = 30.0


class ProgramDied(RuntimeError):
    """A process ended before the work was done; carries the end of its log."""


class Running:
    """The program from `with` on; stopped by SIGTERM at the end, killed after 30 s.

    `started` is the monotonic time of its start in seconds. `cpu` is the seconds of processor
    time (user and system) that it took, known after the end; one program at a time, or it is the
    sum of them. `peak` is the largest memory (bytes) that its processes had, known after the end;
    0 where /proc does not tell.
    """

    def __init__(self, program: Program, run: Topology) -> None:
        self._program = program
        self._run = run
        self._children: list[subprocess.Popen[bytes]] = []
        self.started = 0.0
        self.cpu = 0.0
        self.peak = 0

    def __enter__(self) -> Self:
        self._cpu_before = _cpu_of_children()
        self.started = time.monotonic()
        for number in range(self._program.processes):
            with self._log_file(number).open("ab") as log:
                self._children.append(
                    subprocess.Popen(
                        self._program.command(self._run, number),
                        cwd=ROOT,
                        env=self._run.environment(),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        return self

    def check(self) -> None:
        """Raise ProgramDied when one of the processes has ended by itself."""
        for number, child in enumerate(self._children):
            if child.poll() is not None:
                raise ProgramDied(self._story(number, f"ended with code {child.returncode}"))

    def vitals(self) -> Vitals:
        """Memory, threads and processor time of its processes now; zeros without /proc."""
        return total(vitals_of(child.pid) for child in self._children)

    def log(self) -> str:
        """The last lines that each of the processes wrote."""
        return "\n".join(map(self._log_of, range(len(self._children))))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.peak = self.vitals().peak
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for number, child in enumerate(self._children):
            self._wait_for(number, child)
        self.cpu = _cpu_of_children() - self._cpu_before

    def _wait_for(self, number: int, child: "subprocess.Popen[bytes]") -> None:
        try:
            child.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            print(self._story(number, f"did not stop within {_TIMEOUT:.0f} s and was killed"))

    def _log_file(self, number: int) -> Path:
        return self._run.folder / f"{self._program.name}-{number}.log"

    def _log_of(self, number: int) -> str:
        return self._log_file(number).read_text(errors="replace")[-2000:].strip()

    def _story(self, number: int, what: str) -> str:
        return f"{self._program.name} {what}:\n{self._log_of(number)}"


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
