"""The time from an account's timestamp to its committed verdict, at a steady rate.

What is measured: the account is due at `start + number / rate`, whatever the sender or the program
is busy with, and carries that moment as its timestamp; its latency ends when a read_committed
reader, which is already waiting, has the verdict in hand. So a sender that comes late, or a program
that falls behind, is seen in every account that waits for it (no coordinated omission), and the
times of sender, reader and both ways through the broker are in the figure. One machine, one clock.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.load.pace import Sender
from tools.bench.load.topics import Topics
from tools.bench.load.waiting_reader import WaitingReader
from tools.bench.support.figures import percentile
from tools.bench.support.process import Running
from tools.bench.support.programs import Program, Topology

_SILENCE = 60.0


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one program: for each account of the measured seconds its latency.

    `late` tells of each by how much the harness itself sent it late, which is in its latency.
    """

    program: str
    values: Sequence[float]
    late: Sequence[float]

    def at(self, share: float) -> float:
        """The latency that this share of the accounts does not exceed."""
        return percentile(self.values, share)


def measure(
    broker: str, program: Program, rate: int, seconds: float, warm_up: float, partitions: int
) -> Latency:
    """Run the program alone at `rate` accounts a second for `warm_up` and then `seconds` seconds.

    The first do not count; they begin when the program has judged its first account. Raises
    ProgramDied, WorkNotDone, or TimeoutError when no verdict comes for a minute.
    """
    topics = Topics(broker, partitions)
    program.prepare()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Topology.fresh(f"bench-latency-{program.name}", topics, Path(folder))
        with WaitingReader(run) as reader, Running(program, run) as running:
            sender = Sender(run, rate)
            # One account for each partition: their verdicts show that all of them are assigned.
            sender.send_now(partitions)
            _read(reader, sender, running, until=partitions)
            sender.start(round((warm_up + seconds) * rate))
            _read(reader, sender, running, until=sender.total)
            sender.finish()
    skipped = partitions + round(warm_up * rate)
    arrivals = sorted(
        (due, (reader.received[partition][offset] - due) * 1000, late)
        for partition, offset, due, late in sender.sent()
    )[skipped:]
    return Latency(
        program.name, [latency for _, latency, _ in arrivals], [late for *_, late in arrivals]
    )


def _read(reader: WaitingReader, sender: Sender, running: Running, until: int) -> None:
    heard, before = time.monotonic(), reader.total
    while reader.total < until:
        reader.read()
        running.check()
        sender.check()
        if reader.total != before:
            heard, before = time.monotonic(), reader.total
        elif time.monotonic() - heard > _SILENCE:
            raise TimeoutError(f"{reader.total} of {until} verdicts came:\n{running.log()}")
