"""One run of a program as a child process, with its log and its CPU time."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.bench.support.programs import ROOT, Program, Topology

_TIMEOUT = 30.0


class ProgramDied(RuntimeError):
    """The program ended before it had done its work; carries the end of its log."""


class Running:
    """The program from `with` on; stopped by SIGTERM at the end, killed after 30 s.

    `started` is the monotonic time of its start in seconds. `cpu` is the seconds of processor
    time (user and system) that it took, known after the end; one child at a time, or it is the
    sum of them.
    """

    def __init__(self, program: Program, run: Topology) -> None:
        self._program = program
        self._run = run
        self._log_file = run.folder / f"{program.name}.log"
        self.started = 0.0
        self.cpu = 0.0

    def __enter__(self) -> Self:
        self._cpu_before = _cpu_of_children()
        self.started = time.monotonic()
        with self._log_file.open("wb") as log:
            self._child = subprocess.Popen(
                self._program.command(self._run),
                cwd=ROOT,
                env=self._run.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def check(self) -> None:
        """Raise ProgramDied when the program has ended by itself."""
        if self._child.poll() is not None:
            raise ProgramDied(self._story(f"ended with code {self._child.returncode}"))

    def cpu_so_far(self) -> float:
        """Seconds of processor time until now, in steps of 0.01 s; 0 where /proc does not tell."""
        try:
            stat = Path(f"/proc/{self._child.pid}/stat").read_text()
        except OSError:
            return 0.0
        # Behind the name, which may hold anything, user and system time are the 12th and 13th.
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """The last lines that the program wrote."""
        return self._log_file.read_text(errors="replace")[-2000:].strip()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(self._child.pid, signal.SIGKILL)
                self._child.wait()
                print(self._story(f"did not stop within {_TIMEOUT:.0f} s and was killed"))
        self.cpu = _cpu_of_children() - self._cpu_before

    def _story(self, what: str) -> str:
        return f"{self._program.name} {what}:\n{self.log()}"


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
