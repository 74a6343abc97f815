"""The time from an account's timestamp to its committed verdict, at a steady rate.

What is measured: the account is due at `start + number / rate`, whatever the sender or the program
is busy with, and carries that moment as its timestamp; its latency ends when a read_committed
reader, which is already waiting, has the verdict in hand. So a sender that comes late, or a program
that falls behind, is seen in every account that waits for it (no coordinated omission), and the
times of sender, reader and both ways through the broker are in the figure. One machine, one clock.
"""

import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tools.bench.load.pace import Sender
from tools.bench.load.topics import Topics
from tools.bench.load.waiting_reader import WaitingReader
from tools.bench.support.figures import percentile
from tools.bench.support.process import Running
from tools.bench.support.programs import Program
from tools.bench.support.topology import Topology

_SILENCE = 60.0
_SETTLE = 5.0
"""Seconds at a new rate that do not count."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one program at one rate, in one round.

    `load` is the rate as it was asked for ("1000", "half"), by which programs are compared. `late`
    is by how much the harness itself sent accounts late, which is in the latency: its p99.
    """

    program: str
    round: int
    load: str
    rate: int
    accounts: int
    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    late: float

    @classmethod
    def of(
        cls,
        program: str,
        number: int,
        load: tuple[str, int],
        values: Sequence[float],
        late: Sequence[float],
    ) -> "Latency":
        """The figures of these latencies."""
        return cls(
            program,
            number,
            *load,
            accounts=len(values),
            p50=percentile(values, 0.5),
            p90=percentile(values, 0.9),
            p99=percentile(values, 0.99),
            p999=percentile(values, 0.999),
            max=max(values),
            late=percentile(late, 0.99),
        )


def measure(
    broker: str,
    program: Program,
    loads: Sequence[tuple[str, int]],
    seconds: float,
    warm_up: float,
    partitions: int,
    number: int = 1,
) -> list[Latency]:
    """Run the program alone, at each rate (accounts a second, with its name) for `seconds`.

    Before that, `warm_up` seconds at the first rate do not count; they begin when the program has
    judged an account of every partition. Raises ProgramDied, WorkNotDone, or TimeoutError when no
    verdict comes for a minute.
    """
    topics = Topics(broker, partitions)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _without_gc():
        run = Topology.fresh(f"bench-latency-{program.name}", topics, Path(folder))
        with WaitingReader(run, program) as reader, Running(program, run) as running:
            sender = Sender(run)
            # One account for each partition: their verdicts show that all of them are assigned.
            sender.send_now(partitions)
            _read(reader, sender, running)
            found: list[Latency] = []
            lead = warm_up
            for name, rate in loads:
                skipped = sender.total + round(lead * rate)
                sender.start(round((lead + seconds) * rate), rate)
                _read(reader, sender, running)
                sender.finish()
                delays = [
                    ((reader.received[partition][offset] - due) * 1000, late)
                    for partition, offset, due, late in islice(sender.sent(), skipped, None)
                ]
                values, lates = zip(*delays, strict=True)
                found.append(Latency.of(program.name, number, (name, rate), values, lates))
                lead = min(_SETTLE, warm_up)
    return found


def summary(one: Latency) -> str:
    """A measurement in one line."""
    return (
        f"round {one.round}: {one.program:10} {one.rate:7,}/s: p50 {one.p50:.1f} ms, "
        f"p99 {one.p99:.1f}, p99.9 {one.p999:.1f}, max {one.max:.1f} "
        f"({one.accounts:,} accounts; sender late p99 {one.late:.1f})"
    )


def _read(reader: WaitingReader, sender: Sender, running: Running) -> None:
    """Until the verdicts on all that is sent, or will be, have come."""
    heard, before = time.monotonic(), reader.total
    while reader.total < sender.total:
        reader.read()
        if reader.total != before:
            heard, before = time.monotonic(), reader.total
            continue
        running.check()
        sender.check()
        if time.monotonic() - heard > _SILENCE:
            raise TimeoutError(f"{reader.total} of {sender.total} verdicts came:\n{running.log()}")


@contextmanager
def _without_gc() -> Iterator[None]:
    """The harness' own collections would be pauses in every program's figures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
