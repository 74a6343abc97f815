"""Which faults a run has, and when: all drawn from the seed before it begins."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

#: Session time-out of the workers (s).
SESSION = 6.0
FEWEST_WORKERS, MOST_WORKERS = 2, 3


class Kind(Enum):
    """What happens to a worker or to the broker."""

    KILL = "kill -9 a worker"
    ZOMBIE = "stop a worker for longer than its session"
    NAP = "stop a worker for less than its session"
    JOIN = "a worker joins"
    LEAVE = "a worker leaves"
    BROKER_RESTART = "stop and start the broker"
    BROKER_KILL = "kill -9 the broker, start it"
    BROKER_PAUSE = "pause the broker"


@dataclass(frozen=True)
class Fault:
    """One fault: `seconds` it lasts, `gap` seconds before it."""

    kind: Kind
    seconds: float
    gap: float
    #: Whether work must have gone on since the last fault; else this one may hit its recovery.
    waits_for_progress: bool
    #: From 0 up to, not including, 1: which of the workers.
    pick: float

    @property
    def expected(self) -> float:
        """Seconds that it will take with its gap, about."""
        return self.gap + self.seconds + (4.0 if self.waits_for_progress else 1.0)


def draw(seed: int, number: int) -> list[Fault]:
    """`number` faults of random kinds; of every kind one once there are enough of them."""
    rng = random.Random(seed)
    kinds: list[Kind] = []
    while len(kinds) < number:
        every = list(Kind)
        rng.shuffle(every)
        kinds += every
    return faults(seed, within_bounds(kinds[:number]))


def faults(seed: int, kinds: Sequence[Kind]) -> list[Fault]:
    """Faults of these kinds in this order, their times drawn from the seed."""
    rng = random.Random(seed)
    return [_fault(rng, kind) for kind in kinds]


def within_bounds(kinds: Sequence[Kind]) -> list[Kind]:
    """A worker leaves where one too many would join, and the other way round."""
    workers, kept = FEWEST_WORKERS, []
    for kind in kinds:
        now = kind
        if kind is Kind.JOIN and workers == MOST_WORKERS:
            now = Kind.LEAVE
        elif kind is Kind.LEAVE and workers == FEWEST_WORKERS:
            now = Kind.JOIN
        workers += (now is Kind.JOIN) - (now is Kind.LEAVE)
        kept.append(now)
    return kept


def _fault(rng: random.Random, kind: Kind) -> Fault:
    if kind in {Kind.KILL, Kind.JOIN, Kind.LEAVE}:
        seconds = 0.0
    elif kind is Kind.ZOMBIE:
        seconds = SESSION + rng.uniform(1.5, 5.0)
    else:
        seconds = rng.uniform(0.5, 4.0)
    patient = rng.random() < 0.75
    gap = rng.uniform(1.0, 4.0) if patient else rng.uniform(0.1, 2.0)
    return Fault(kind, seconds, gap, patient, rng.random())
