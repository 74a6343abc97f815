"""One run: a Kafka, workers, load and faults, and the proof at the end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import Chaos
from tests.chaos.fleet import Fleet
from tests.chaos.load import Load
from tests.chaos.plan import FEWEST_WORKERS, SESSION, Fault
from tests.chaos.progress import Progress
from tests.chaos.proof import Proof, prove
from tests.topics import create_topic
from tests.worker import Worker
from tools.devbroker import KafkaServer

APP = "chaos"
PARTITIONS = 4
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    seed: int
    faults: Sequence[Fault]
    proof: Proof
    fleet: Fleet
    healed: int
    seconds: float

    def table(self) -> list[str]:
        """The figures, a line each."""
        kinds = Counter(fault.kind.value for fault in self.faults)
        proof = self.proof
        figures = [
            *((f"faults: {kind}", str(number)) for kind, number in sorted(kinds.items())),
            ("faults in all", str(len(self.faults))),
            ("records", f"{sum(proof.expected):,}"),
            ("copies read", f"{proof.read:,}"),
            ("missing", f"{proof.missing:,} {proof.first_missing() or ''}"),
            ("double", f"{proof.double:,}"),
            ("out of order", f"{proof.disordered:,}"),
            ("foreign", f"{proof.foreign:,}"),
            ("rows", "; ".join(proof.wrong_rows) or "add up"),
            ("restarts", str(self.fleet.restarts)),
            ("ended by themselves", _codes(self.fleet.crashes)),
            ("ended when asked to", _codes(self.fleet.departures)),
            ("did not end when asked to", str(self.fleet.stuck)),
            ("starts of a broker with a broken coordinator", str(self.healed)),
            ("seconds", f"{self.seconds:.0f}"),
            ("seed", str(self.seed)),
        ]
        return [f"{name:<50} {figure}" for name, figure in figures]


def _codes(codes: Counter[int]) -> str:
    return ", ".join(f"{code} x {number}" for code, number in sorted(codes.items())) or "none"


def run(seed: int, records: int, faults: Sequence[Fault], say: Say) -> None:
    """Fails when a record is missing, double or out of order, a row is wrong, or work stops.

    The logs of a run that fails are kept.
    """
    say(f"chaos: seed {seed}, {records:,} records, {len(faults)} faults")
    with _directory(say) as directory:
        outcome = _run(directory, seed, records, faults, say)
        for line in outcome.table():
            say(line)
        assert outcome.proof.holds, "\n".join(outcome.table())
        assert not outcome.fleet.stuck, "a worker did not end when it was asked to"


@contextmanager
def _directory(say: Say) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        yield directory
    except BaseException:
        say(f"chaos: logs of the broker and of the workers are in {directory}")
        raise
    shutil.rmtree(directory)


def _run(directory: Path, seed: int, records: int, faults: Sequence[Fault], say: Say) -> Outcome:
    started = time.monotonic()
    with ExitStack() as stack:
        server = KafkaServer(directory / "kafka")
        stack.callback(server.kill)
        server.start()
        for topic in ("in", "out", "rare"):
            create_topic(server.bootstrap, f"{APP}-{topic}", PARTITIONS)
        env = {
            "ENGINE_ID": APP,
            "ENGINE_BOOTSTRAP": server.bootstrap,
            "ENGINE_SESSION": f"{SESSION:g}",
            "ENGINE_PARTITIONS": str(PARTITIONS),
        }

        def worker(number: int) -> Worker:
            return Worker(directory / f"worker-{number}", env, app="support.engine_app")

        fleet = Fleet(worker, say)
        stack.callback(fleet.close)
        for _ in range(FEWEST_WORKERS):
            fleet.add()
        progress = Progress(server.bootstrap, APP, f"{APP}-in", PARTITIONS)
        stack.callback(progress.close)
        chaos = Chaos(server, fleet, progress, say)
        chaos.plan(faults)
        load = Load(server.bootstrap, f"{APP}-in", records, PARTITIONS, chaos.lasts)
        stack.callback(load.close)
        try:
            chaos.wreak()
            load.wait(300.0)
            if load.replaced:
                say(str(load))
            chaos.finish(records, timeout=900.0)
        except AssertionError:
            # Whether it is the engine or the harness that stands still.
            say(str(load))
            fleet.dump()
            raise
        # Before the proof: whatever a worker still could write, it has written then.
        fleet.close()
        proof = prove(server.bootstrap, APP, load.sent)
        return Outcome(seed, faults, proof, fleet, chaos.healed, time.monotonic() - started)
