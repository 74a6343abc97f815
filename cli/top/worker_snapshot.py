"""The parts of a worker's dashboard document that `top` shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from faust_transactions import Health, Level

from records.printable.text import shown
from records.totals import ENDINGS

_LONGEST = 200
_PARTS = ("worker", "engine", "provider")
_ONLY_FAULTS = ("rules", "tokens")


@dataclass(frozen=True)
class WorkerSnapshot:
    """A worker's health and the rates it has seen. Texts are printable and hold no card number."""

    worker: str
    version: str
    #: Of `worker`, `engine` and `provider`; of `rules` and `tokens` where there is a fault.
    health: Mapping[str, Health]
    #: Accounts a second in the intervals of the last 15 minutes, oldest first.
    rates: Sequence[float]
    #: See `cluster.Progress`.
    owners: Mapping[int, str] | None


def read_snapshot(document: Any) -> WorkerSnapshot | None:
    """Read a document; None for one that no worker of this version sends."""
    try:
        history = document["history"]
        columns = [[float(number) for number in history[name]] for name in ENDINGS]
        health = {name: _health_of(document["health"][name]) for name in _PARTS}
        for name in _ONLY_FAULTS:
            found = document["health"].get(name)
            if found is not None and found["level"] != "ok":
                health[name] = _health_of(found)
        return WorkerSnapshot(
            _text(document["worker"]),
            _text(document["version"]),
            health,
            [sum(rates) for rates in zip(*columns, strict=True)],
            _owners(document["partitions"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _health_of(given: Mapping[str, Any]) -> Health:
    if given["level"] not in get_args(Level):
        raise ValueError("no level")
    return Health(cast(Level, given["level"]), _text(given["text"]))


def _owners(partitions: Sequence[Mapping[str, Any]]) -> Mapping[int, str] | None:
    named = {int(one["partition"]): one["owner"] for one in partitions}
    if any(owner is None for owner in named.values()):
        return None
    return {partition: _text(owner) for partition, owner in named.items() if owner}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return shown(value, _LONGEST)
