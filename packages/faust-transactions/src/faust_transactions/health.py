"""How the engine is, judged by what it knows itself: no questions, no clock of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

__all__ = ["Health", "Level", "Owned", "Rejoins", "health"]

Level = Literal["ok", "warn", "bad"]

#: As many failures in a row, of a batch or of the joining anew, will not pass by themselves soon.
MANY = 3
#: Seconds after which a commit is slow; most take some tens of milliseconds.
SLOW_COMMIT = 5.0
#: Seconds after which it is told how long an agent has been working on a batch.
LONG_WORK = 60.0


class Health(NamedTuple):
    """A word for the eye and a line for the reader."""

    level: Level
    text: str


class Owned(Protocol):
    """What is looked at of a partition that the worker owns; `StreamTask` is one."""

    @property
    def name(self) -> str:
        """The partition, as people write it."""

    @property
    def failures(self) -> int:
        """Batches in a row that failed."""

    @property
    def problem(self) -> str:
        """Why the last one did."""

    @property
    def working_since(self) -> float | None:
        """When the agent began to work on its batch, None while it has none."""

    @property
    def committing_since(self) -> float | None:
        """When the transaction under way began to be written, None while none is."""


@dataclass(frozen=True)
class Rejoins:
    """How often the group was joined anew since a batch was last committed, and why last."""

    number: int = 0
    reason: str = ""


def health(
    not_ready_reason: str | None, tasks: Collection[Owned], rejoins: Rejoins, now: float
) -> Health:
    """The gravest of what can be said of the engine; `now` is a reading of `time.monotonic()`.

    ok while batches are committed, or would be if there were any; warn for what as a rule passes by
    itself; bad for what goes wrong again and again, or takes too long.
    """
    if rejoins.number >= MANY:
        return Health("bad", f"joined the group anew {rejoins.number} times: {rejoins.reason}")
    failing = [task for task in tasks if task.failures]
    if failing:
        return _failing(max(failing, key=lambda task: task.failures), len(failing))
    if not_ready_reason is not None:
        return Health("warn", not_ready_reason)
    seconds, name = _longest([(each.committing_since, each.name) for each in tasks], now)
    if seconds >= SLOW_COMMIT:
        return Health("bad", f"{name}: Kafka has not committed for {seconds:.0f} s")
    seconds, name = _longest([(each.working_since, each.name) for each in tasks], now)
    if seconds >= LONG_WORK:
        return Health("warn", f"{name}: the same batch has been worked on for {seconds:.0f} s")
    return Health("ok", _owned(len(tasks)))


def _failing(worst: Owned, number: int) -> Health:
    times = "once" if worst.failures == 1 else f"{worst.failures} times in a row"
    others = f" (and {number - 1} more)" if number > 1 else ""
    level: Level = "bad" if worst.failures >= MANY else "warn"
    return Health(level, f"{worst.name}{others}: failed {times}: {worst.problem}")


def _longest(since: Iterable[tuple[float | None, str]], now: float) -> tuple[float, str]:
    """The longest of what has lasted since then, and whose it is; 0 s where nothing lasts."""
    return max(((now - began, name) for began, name in since if began is not None), default=(0, ""))


def _owned(number: int) -> str:
    if not number:
        return "no partitions: other workers have them all"
    return "working on 1 partition" if number == 1 else f"working on {number} partitions"
