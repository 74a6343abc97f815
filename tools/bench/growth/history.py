"""How a worker starts after many judged accounts: until it is ready, and with how much memory."""

import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.load import accounts
from tools.bench.load.topics import Topics
from tools.bench.support import proof
from tools.bench.support.process import Running
from tools.bench.support.programs import Program, with_web
from tools.bench.support.progress import wait_until_done
from tools.bench.support.topology import Topology
from tools.devbroker import free_port

_LOOK = 0.02
_SETTLE = 5.0
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Start:
    """A start after `judged` accounts: seconds from the process's start to `/health/ready`.

    `resident` and `peak` (bytes) are its memory 5 s later.
    """

    judged: int
    ready: float
    resident: int
    peak: int


def measure(broker: str, judged: Sequence[int], partitions: int) -> Iterator[Start]:
    """A start after each of these numbers of accounts, which are judged one upon the other.

    Raises ProgramDied, WorkNotDone where the counts are wrong, or TimeoutError.
    """
    topics, port = Topics(broker, partitions), free_port()
    program = with_web("history", port)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Topology.fresh("bench-history", topics, Path(folder))
        done = 0
        for number in sorted(judged):
            accounts.fill(broker, run.accounts, number - done, partitions)
            with Running(program, run) as running:
                wait_until_done(program, run, running, topics, number)
            counted = proof.counted_by(run, program)
            if counted != number:
                raise proof.WorkNotDone(f"{counted} of {number} accounts in the table")
            done = number
            yield _start(program, run, port, number)


def _start(program: Program, run: Topology, port: int, judged: int) -> Start:
    with Running(program, run) as running:
        deadline = running.started + _TIMEOUT
        while not _is_ready(port):
            running.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {_TIMEOUT:.0f} s:\n{running.log()}")
            time.sleep(_LOOK)
        ready = time.monotonic() - running.started
        time.sleep(_SETTLE)
        now = running.vitals()
    return Start(judged, ready, now.resident, now.peak)


def _is_ready(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/health/ready"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:  # not up yet, or 503
        return False


def summary(one: Start) -> str:
    """A start in one line."""
    return (
        f"{one.judged:11,} judged: ready after {one.ready:.2f} s, "
        f"{one.resident / 1e6:.0f} MB, at most {one.peak / 1e6:.0f}"
    )
