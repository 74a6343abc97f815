"""What partitions and workers cost: throughput, memory, threads, idle processor time, latency."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench import latency
from tools.bench.load import accounts
from tools.bench.load.topics import Topics
from tools.bench.support import proof
from tools.bench.support.process import Running
from tools.bench.support.programs import Program, workers
from tools.bench.support.progress import wait_until_done
from tools.bench.support.topology import Topology

_SETTLE = 5.0
_IDLE = 10.0


@dataclass(frozen=True)
class Size:
    """Our workers on so many partitions.

    `rate` in accounts a second and `cpu` in µs for each, from the first verdict on. `threads`,
    `resident` and `peak` (bytes) are the sum over the workers; the first two when all is done.
    `idle` is the share of a core that they take with nothing to do. `p50` and `p99` are
    milliseconds at `at`/s; None where they were not measured.
    """

    partitions: int
    workers: int
    rate: float
    cpu: float
    threads: int
    resident: int
    peak: int
    idle: float
    at: int = 0
    p50: float | None = None
    p99: float | None = None


def sizes(partitions: Sequence[int], several: Sequence[int], on: int) -> Iterator[tuple[int, int]]:
    """Partitions and workers to measure: one worker on each number of partitions, then more
    workers on `on` partitions.
    """
    once = dict.fromkeys([*((n, 1) for n in partitions), *((on, n) for n in several)])
    yield from once


def measure(
    broker: str, partitions: int, number: int, accounts_: int, at: int, seconds: float, warm_up: int
) -> Size:
    """Work off that many accounts, sit idle, then judge `at` a second for `seconds`.

    No latency where `at` is 0. Raises what `throughput.run` and `latency.measure` do.
    """
    topics, program = Topics(broker, partitions), workers(number)
    found = _drain(topics, program, number, accounts_)
    if not at:
        return found
    load = [(str(at), at)]
    (delays,) = latency.measure(broker, program, load, seconds, warm_up, partitions)
    return Size(**{**vars(found), "at": at, "p50": delays.p50, "p99": delays.p99})


def _drain(topics: Topics, program: Program, number: int, accounts_: int) -> Size:
    source = f"bench-accounts-{time.time_ns()}"
    topics.create_accounts(source)
    accounts.fill(topics.broker, source, accounts_, topics.partitions)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Topology.fresh("bench-growth", topics, Path(folder), accounts=source)
        with Running(program, run) as running:
            work = wait_until_done(program, run, running, topics, accounts_)
            done = time.time() * 1000
            time.sleep(_SETTLE)
            before = running.vitals()
            time.sleep(_IDLE)
            after = running.vitals()
            running.check()
        written = proof.verdicts_of(run, program)
        proof.check_number(run, program, written, accounts_, accounts_)
        topics.delete([source, run.verdicts, run.dead_letters, program.changelog(run)])
    return Size(
        partitions=topics.partitions,
        workers=number,
        rate=written.until(done) / (done - written.first) * 1000,
        cpu=work.cpu_per_account,
        threads=after.threads,
        resident=after.resident,
        peak=running.peak,
        idle=(after.cpu - before.cpu) / _IDLE,
    )


def summary(one: Size) -> str:
    """A measurement in one line."""
    wait = "" if one.p99 is None else f"; p50 {one.p50:.1f}, p99 {one.p99:.1f} ms at {one.at:,}/s"
    return (
        f"{one.partitions:4} partitions, {one.workers} workers: {one.rate:,.0f} accounts/s, "
        f"{one.threads} threads, {one.resident / 1e6:.0f} MB, idle {one.idle:.1%} of a core{wait}"
    )
