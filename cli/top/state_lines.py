"""The first lines of `top`: title, and the state of Kafka, the worker and its parts."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from faust_transactions import Health
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli.top.worker_snapshot import WorkerSnapshot

_STYLES: Final = {"ok": "green", "warn": "yellow", "bad": "bold red"}
_GRAVITY: Final = {level: gravity for gravity, level in enumerate(_STYLES)}
_NAMES: Final = {
    "engine": "engine",
    "rules": "rules",
    "provider": "verification service",
    "tokens": "account tokens",
}


def state_lines(document: Mapping[str, Any], *, short: bool) -> list[RenderableType]:
    """One line each; `short`: one for the worker with its parts. Long lines are cut."""
    clock = time.strftime("%H:%M:%S", time.localtime(document["at"]))
    title = Table.grid(expand=True, padding=(0, 1, 0, 0))
    title.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    title.add_column(justify="right", no_wrap=True)
    title.add_row(Text(document["title"], style="bold"), Text(clock))
    lines = _worker(document, short=short)
    if short:
        lines = [Text("  ").join(lines)]
    kafka = _kafka(document["problem"], document["mismatch"])
    return [title, *map(_cut, [kafka, *_held(document["partitions"]), *lines])]


def _held(partitions: Sequence[Mapping[str, Any]]) -> list[Text]:
    """One line, with the reason of the first."""
    held = [one for one in partitions if "held" in one]
    if not held:
        return []
    numbers = ", ".join(str(one["partition"]) for one in held)
    what = "partition" if len(held) == 1 else "partitions"
    return [Text(f"held: {what} {numbers}: {held[0]['held']['reason']}", style="bold red")]


def _kafka(problem: str | None, mismatch: str | None) -> Text:
    if problem is None and mismatch is not None:
        return Text(mismatch[0].upper() + mismatch[1:], style="bold red")
    if problem is None:
        return Text("Kafka answers", style="green")
    line = Text(f"Kafka does not answer: {problem}", style="bold red")
    return line + Text("; these are the last figures seen", style="red")


def _worker(document: Mapping[str, Any], *, short: bool) -> list[Text]:
    worker: WorkerSnapshot | None = document["worker"]
    if worker is None:
        url, problem = document["worker_url"], document["worker_problem"]
        return [
            Text(f"no worker at {url} ({problem}): name one with --url", style="yellow"),
            Text("engine and verification service: unknown", style="dim"),
        ]
    names = {"worker": f"worker {worker.worker}, version {worker.version}", **_NAMES}
    # The worst state first, so that a long line is not cut there.
    keys = [key for key in names if key in worker.health]
    if short:
        keys.sort(key=lambda key: -_GRAVITY[worker.health[key].level])
    return [_health_of(names[key], worker.health[key]) for key in keys]


def _health_of(name: str, health: Health) -> Text:
    return Text.assemble((f"{name}: ", "dim"), (health.text, _STYLES[health.level]))


def _cut(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
