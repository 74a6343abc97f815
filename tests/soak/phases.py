"""What a worker did in each phase of a run, by its own counts and health."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.worker import Worker

#: Between two looks at the worker (s).
EVERY = 1.0
_ANSWERS = re.compile(
    r'^veritas_calls_total\{result="(?:authorized|declined)"\} (\S+)$', re.MULTILINE
)


@dataclass
class Phase:
    """One phase; the counts are of this phase alone."""

    name: str
    seconds: float = 0.0
    #: Accounts whose verdicts were committed.
    judged: int = 0
    #: Answers of the service; those of a batch that is not committed yet are among them.
    answers: int = 0
    #: How often `/health/ready` said what; "ready" or the reason.
    health: Counter[str] = field(default_factory=Counter)
    #: What it said the last time.
    last: str = ""

    def line(self) -> str:
        """The figures."""
        looks = max(1, self.health.total())
        health = ", ".join(
            f"{said} {number / looks:.0%}" for said, number in self.health.most_common()
        )
        return (
            f"{self.name:<8} {self.seconds:6.1f} s  {self.judged:7,} judged "
            f"({self.judged / self.seconds:7.1f}/s)  {self.answers:7,} answers "
            f"({self.answers / self.seconds:7.1f}/s)  {health}"
        )


class Watch:
    """Looks at a worker once a second."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Fills in the figures at the end of the block."""
        phase, started = Phase(name), time.monotonic()
        judged, answers = self.judged(), self._answers()
        yield phase
        phase.seconds = time.monotonic() - started
        phase.judged, phase.answers = self.judged() - judged, self._answers() - answers

    def until(self, phase: Phase, over: Callable[[], bool], timeout: float) -> None:
        """Look until it is over; fails after `timeout` s."""
        deadline = time.monotonic() + timeout
        while not over():
            assert time.monotonic() < deadline, f"{phase.name}: not over in {timeout:g} s"
            phase.last = self.health()
            phase.health[phase.last] += 1
            time.sleep(EVERY)

    def last(self, phase: Phase, seconds: float) -> None:
        """Look for so long."""
        deadline = time.monotonic() + seconds
        self.until(phase, lambda: time.monotonic() >= deadline, 2 * seconds + 60)

    def judged(self) -> int:
        """Accounts with a committed verdict so far."""
        return int(self._worker.get("/verdicts/")[1]["total"])

    def health(self) -> str:
        """What `/health/ready` says."""
        status, answer = self._worker.get("/health/ready")
        return "ready" if status == 200 else str(answer["reason"])

    def _answers(self) -> int:
        return int(sum(map(float, _ANSWERS.findall(self._worker.get("/metrics")[1]))))
