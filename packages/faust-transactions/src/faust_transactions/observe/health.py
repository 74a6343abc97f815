"""Health of the engine, computed from its own state: no requests, no clock of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

__all__ = ["Health", "Level", "Owned", "Rejoins", "health"]

Level = Literal["ok", "warn", "bad"]

#: Failures in a row, of a batch or of rejoining, from which the engine is "bad".
MANY = 3
#: Seconds after which a commit is slow; most take some tens of milliseconds.
SLOW_COMMIT = 5.0
#: Seconds of an agent's work on one batch after which health says so.
LONG_WORK = 60.0


class Health(NamedTuple):
    """Severity and a one-line summary."""

    level: Level
    text: str


class Owned(Protocol):
    """What health needs of an owned partition; `StreamTask` is one."""

    @property
    def name(self) -> str:
        """Topic and partition: ``orders-0``."""

    @property
    def failures(self) -> int:
        """Batches in a row that failed."""

    @property
    def problem(self) -> str:
        """Why the last of them failed."""

    @property
    def refused(self) -> str | None:
        """Why the brokers refuse its transactions, None while they do not."""

    @property
    def working_since(self) -> float | None:
        """When the agent began to work on its batch, None while it has none."""

    @property
    def committing_since(self) -> float | None:
        """When the transaction under way began to be written, None while none is."""


@dataclass(frozen=True)
class Rejoins:
    """How often the worker rejoined the group since the last commit, and why the last time."""

    number: int = 0
    reason: str = ""


def health(
    not_ready_reason: str | None, tasks: Collection[Owned], rejoins: Rejoins, now: float
) -> Health:
    """The most severe condition of the engine; `now` is a reading of `time.monotonic()`.

    ok: batches are committed as they arrive. warn: a condition that usually ends by itself. bad:
    the brokers refuse transactions, a batch fails repeatedly, or a commit takes too long.
    """
    refused = [task for task in tasks if task.refused is not None]
    if refused:
        return Health("bad", f"{_first(refused)}: {refused[0].refused}")
    if rejoins.number >= MANY:
        return Health("bad", f"rejoined the group {rejoins.number} times: {rejoins.reason}")
    failing = sorted((task for task in tasks if task.failures), key=lambda task: -task.failures)
    if failing:
        return _failing(failing)
    if not_ready_reason is not None:
        return Health("warn", not_ready_reason)
    seconds, name = _longest([(each.committing_since, each.name) for each in tasks], now)
    if seconds >= SLOW_COMMIT:
        return Health("bad", f"{name}: Kafka has not committed for {seconds:.0f} s")
    seconds, name = _longest([(each.working_since, each.name) for each in tasks], now)
    if seconds >= LONG_WORK:
        return Health("warn", f"{name}: the agent has worked on one batch for {seconds:.0f} s")
    return Health("ok", _owned(len(tasks)))


def _failing(tasks: Sequence[Owned]) -> Health:
    """Of these partitions, the one with the most failures first."""
    worst = tasks[0]
    times = "once" if worst.failures == 1 else f"{worst.failures} times in a row"
    level: Level = "bad" if worst.failures >= MANY else "warn"
    return Health(level, f"{_first(tasks)}: failed {times}: {worst.problem}")


def _first(tasks: Sequence[Owned]) -> str:
    """The first one's name, and how many there are besides."""
    return tasks[0].name + (f" (and {len(tasks) - 1} more)" if len(tasks) > 1 else "")


def _longest(since: Iterable[tuple[float | None, str]], now: float) -> tuple[float, str]:
    """Seconds since the earliest of these times, and its name; 0 s where there is none."""
    return max(((now - began, name) for began, name in since if began is not None), default=(0, ""))


def _owned(number: int) -> str:
    if not number:
        return "no partitions: other workers have them all"
    return "working on 1 partition" if number == 1 else f"working on {number} partitions"
