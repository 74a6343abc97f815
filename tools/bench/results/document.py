"""All that was measured as one Markdown text, and its plots."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tools.bench.results import comparison, sizes, store
from tools.bench.support.environments import PLOT, Skipped
from tools.bench.support.topology import ROOT

_TABLES: dict[str, Callable[[Sequence[Any]], str]] = {
    "throughput": comparison.throughput,
    "latency": comparison.latency,
    "growth": sizes.growth,
    "history": sizes.history,
    "soak": sizes.soak,
}


def table_of(part: str, file: Path = store.FILE) -> str:
    """The table of one part and when it was measured; empty where it was not."""
    rows = store.load(part, file)
    return f"{_TABLES[part](rows)}\n\n{store.about(part, file)}" if rows else ""


def write(file: Path = store.FILE) -> list[Path]:
    """One text with every part, beside the JSON, and its plots; the files, the JSON first.

    Without plots where the plotting library cannot be installed: the text says why.
    """
    try:
        plots, note = _draw(file), ""
    except Skipped as reason:
        plots, note = [], f"No plots: {reason}\n\n"
    text = file.with_suffix(".md")
    text.write_text("# What `make bench` measured\n\n" + note + _parts(file, plots))
    return [file, text, *plots]


def _parts(file: Path, plots: Sequence[Path]) -> str:
    drawn = {plot.stem: f"\n![{plot.stem}]({plot.name})\n" for plot in plots}
    texts = {part: table_of(part, file) for part in _TABLES}
    return "\n".join(
        f"## {part.capitalize()}\n\n{text}\n{drawn.get(part, '')}"
        for part, text in texts.items()
        if text
    )


def _draw(file: Path) -> list[Path]:
    PLOT.make()
    command = [PLOT.python, "-m", "tools.bench.results.plot", str(file), str(file.parent)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the plots could not be drawn:\n{done.stderr[-2000:]}")
    return [*map(Path, done.stdout.split())]
