"""Accounts per second of each program on a topic that is already full, in turn, some rounds.

What is measured, for each run:

- *accounts/s*: the committed verdicts, divided by the time from the broker's timestamp of the first
  verdict to the moment at which all of them are committed. That moment is seen by asking the broker
  every 50 ms for the offsets that the program's group has committed (for a program without
  transactions: for the end of the verdicts), so it is late by at most that and the broker's answer.
  The start of the program and its wait for partitions are not in it; a JVM's warming-up is.
- *wall*: seconds from the start of the process to the same moment.
- *CPU*: microseconds of processor time, user and system, of the program's process for each account,
  start and stop included. It suffers less from what else the machine does than the others.

- *peak*: the most memory (RSS) that the program's processes had, in bytes; the sum where there are
  several.

Nobody reads the verdicts while a program runs. Afterwards all are read and checked, see `proof`.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tools.bench.load import accounts
from tools.bench.load.topics import Topics
from tools.bench.support import proof
from tools.bench.support.process import Running
from tools.bench.support.programs import Program
from tools.bench.support.progress import wait_until_done
from tools.bench.support.topology import Topology

_SETTLE = 2.0

Way = tuple[Program, Callable[[], AbstractContextManager[object]]]
"""A program, and what makes something that is there while it runs."""


@dataclass(frozen=True)
class Measured:
    """One run: its round from 1 on and what came out of it."""

    program: str
    round: int
    verdicts: int
    seconds: float
    wall: float
    cpu_per_account: float
    cpu_at_work: float
    """As the one before, from the first commit to the last: without starting up and stopping."""
    peak: int = 0

    @property
    def rate(self) -> float:
        """Accounts per second."""
        return self.verdicts / self.seconds


def measure(
    broker: str, programs: Sequence[Program], accounts_: int, partitions: int, rounds: int
) -> list[Measured]:
    """Fill a topic once, then run the programs in turn, each run on fresh topics and group.

    Prints a line for each run. Raises ProgramDied, WorkNotDone, or TimeoutError when a program
    makes no progress for a minute.
    """
    ways = [(program, nullcontext) for program in programs]
    return in_turn(broker, ways, accounts_, partitions, rounds)


def run(
    topics: Topics,
    program: Program,
    source: str,
    accounts_: int,
    number: int,
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Measured:
    """One run; what `beside` makes is there from just after the program's start to its end."""
    wanted = min(accounts_, program.at_most or accounts_)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        places = Topology.fresh(f"bench-{program.name}", topics, Path(folder), accounts=source)
        with Running(program, places) as running, beside():
            work = wait_until_done(program, places, running, topics, wanted)
            done, wall = time.time() * 1000, time.monotonic() - running.started
        written = proof.verdicts_of(places, program)
        proof.check_number(places, program, written, wanted, accounts_)
    return Measured(
        program=program.name,
        round=number,
        verdicts=written.until(done),
        seconds=(done - written.first) / 1000,
        wall=wall,
        cpu_per_account=running.cpu / len(written.times) * 1e6,
        cpu_at_work=work.cpu_per_account,
        peak=running.peak,
    )


def in_turn(
    broker: str, ways: Sequence[Way], accounts_: int, partitions: int, rounds: int
) -> list[Measured]:
    """Drain a full topic in each of the ways, `rounds` times.

    Each round begins with the next of them, so that none gains by its place. Prints a line for each
    run; raises what `measure` does.
    """
    topics = Topics(broker, partitions)
    source = f"bench-accounts-{time.time_ns()}"
    topics.create_accounts(source)
    took = accounts.fill(broker, source, accounts_, partitions)
    print(f"{accounts_:,} accounts in {partitions} partitions, sent in {took:.1f} s", flush=True)
    results = []
    for number in range(1, rounds + 1):
        first = (number - 1) % len(ways)
        for program, beside in (*ways[first:], *ways[:first]):
            results.append(run(topics, program, source, accounts_, number, beside))
            print(summary(results[-1]), flush=True)
            time.sleep(_SETTLE)
    return results


def summary(run: Measured) -> str:
    """A run in one line."""
    return (
        f"round {run.round}: {run.program:10} {run.rate:9,.0f} accounts/s "
        f"({run.verdicts:,} in {run.seconds:.1f} s; wall {run.wall:.1f} s; "
        f"CPU {run.cpu_per_account:.1f} µs an account, at work {run.cpu_at_work:.2f}; "
        f"at most {run.peak / 1e6:.0f} MB)"
    )
