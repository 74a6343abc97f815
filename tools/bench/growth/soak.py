"""A worker under steady load for long: is its memory flat, and does it keep up?

A sender in a process of its own sends accounts at the rate; the worker has its web server, as in
production. The topics keep only their last records, else 20 minutes would fill the disk.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tools.bench.load.feeder import Feeder
from tools.bench.load.topics import Group, Topics
from tools.bench.support import proof
from tools.bench.support.process import Running
from tools.bench.support.programs import with_web
from tools.bench.support.progress import wait_until_done
from tools.bench.support.topology import Topology
from tools.devbroker import free_port

SHARE = 0.7
"""Of the worker's maximum, where no rate is given."""
_EVERY = 10.0
_KEPT = 256 * 1024 * 1024
"""Bytes of each partition that the brokers keep."""


@dataclass(frozen=True)
class Look:
    """Seconds since the warm-up; accounts a second since the last look; the worker's memory
    (bytes), threads and share of a core; accounts that wait.
    """

    at: float
    rate: float
    resident: int
    threads: int
    cpu: float
    lag: int


def measure(
    broker: str, rate: int, seconds: float, warm_up: float, partitions: int
) -> Iterator[Look]:
    """A look every 10 s. At the end all that was sent is judged, and the counts are checked.

    Raises ProgramDied, RuntimeError when the sender ends, or WorkNotDone.
    """
    topics = Topics(broker, partitions)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Topology.fresh("bench-soak", topics, Path(folder))
        topics.keep([run.accounts, run.verdicts], _KEPT)
        program = with_web("soak", free_port())
        with (
            Running(program, run) as running,
            closing(Group(broker, run.group, run.accounts, partitions)) as group,
        ):
            with Feeder(broker, run.accounts, partitions, rate) as feeder:
                _wait(warm_up, running, feeder)
                looks = _Looks(running, topics, group, run.accounts)
                at = 0.0
                while at < seconds:
                    _wait(min(_EVERY, seconds), running, feeder)
                    look = looks.look()
                    at = look.at
                    yield look
            sent = sum(topics.committed_ends(run.accounts))
            wait_until_done(program, run, running, topics, sent)
        counted = proof.counted_by(run, program)
        if counted != sent:
            raise proof.WorkNotDone(f"{counted} of {sent} accounts in the table")


class _Looks:
    def __init__(self, running: Running, topics: Topics, group: Group, source: str) -> None:
        self._running, self._topics, self._group, self._source = running, topics, group, source
        self._began = time.monotonic()
        self._before = (self._began, sum(group.committed()), running.vitals().cpu)

    def look(self) -> Look:
        now, done = time.monotonic(), sum(self._group.committed())
        vitals = self._running.vitals()
        then, before, cpu = self._before
        self._before = (now, done, vitals.cpu)
        return Look(
            at=now - self._began,
            rate=(done - before) / (now - then),
            resident=vitals.resident,
            threads=vitals.threads,
            cpu=(vitals.cpu - cpu) / (now - then),
            lag=max(0, sum(self._topics.committed_ends(self._source)) - done),
        )


def _wait(seconds: float, running: Running, feeder: Feeder) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        running.check()
        feeder.check()
        time.sleep(min(1.0, left))


def summary(one: Look) -> str:
    """A look in one line."""
    return (
        f"{one.at:5.0f} s: {one.rate:,.0f} accounts/s, {one.resident / 1e6:.1f} MB, "
        f"{one.threads} threads, {one.cpu:.0%} of a core, lag {one.lag:,}"
    )
