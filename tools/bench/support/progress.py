"""Watches from outside how far a program has come, without reading what it writes."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import KafkaException

from tools.bench.load.topics import Group, Topics
from tools.bench.support.process import Running
from tools.bench.support.programs import Program
from tools.bench.support.topology import Topology

_POLL = 0.05
_STALLED = 60.0


@dataclass(frozen=True)
class Work:
    """What was done between the first look at which something was done and the last one."""

    accounts: int
    cpu: float

    @property
    def cpu_per_account(self) -> float:
        """Microseconds of processor time; NaN where it is not known."""
        return self.cpu / self.accounts * 1e6 if self.accounts and self.cpu else math.nan


def wait_until_done(
    program: Program, run: Topology, running: Running, topics: Topics, wanted: int
) -> Work:
    """Return as soon as the verdicts of that many accounts are committed, 50 ms late at most.

    Raises ProgramDied, or TimeoutError when there is no progress for a minute.
    """
    moved, before = time.monotonic(), -1
    first: tuple[int, float] | None = None
    with _progress_of(program, run, topics) as progress:
        while (done := _asked(progress)) < wanted:
            running.check()
            if done > 0 and first is None:
                first = (done, running.vitals().cpu)
            if done > before:
                moved, before = time.monotonic(), done
            elif time.monotonic() - moved > _STALLED:
                raise TimeoutError(
                    f"{program.name} stopped at {done} of {wanted} accounts:\n{running.log()}"
                )
            time.sleep(_POLL)
        begun, cpu = first or (done, 0.0)
        return Work(done - begun, running.vitals().cpu - cpu)


def _asked(progress: Callable[[], int]) -> int:
    """The progress, or -1 when the busy broker has no answer: the next question may get one."""
    try:
        return progress()
    except KafkaException:
        return -1


@contextmanager
def _progress_of(program: Program, run: Topology, topics: Topics) -> Iterator[Callable[[], int]]:
    """A function that tells for how many accounts the verdicts are committed.

    A transaction leaves a marker among the verdicts, so their end offsets would count too many;
    the group's offsets are committed in the same transaction and have no gaps.
    """
    if not program.transactional:
        yield lambda: sum(topics.committed_ends(run.verdicts))
        return
    with closing(Group(run.broker, run.group, run.accounts, run.partitions)) as group:
        yield lambda: sum(group.committed())
