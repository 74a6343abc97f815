"""All that was measured as one Markdown text, and its plots."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tools.bench.results import comparison, sizes, store
from tools.bench.support.environments import PLOT
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
    """Every part's table beside the JSON, and the plots; the files that were written.

    Raises Skipped where the plotting library cannot be installed.
    """
    text = file.with_suffix(".md")
    text.write_text("\n\n".join(filter(None, (table_of(part, file) for part in _TABLES))) + "\n")
    PLOT.make()
    script = "tools.bench.results.plot"
    command = [PLOT.python, "-m", script, str(file), str(file.parent)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the plots could not be drawn:\n{done.stderr[-2000:]}")
    return [text, *map(Path, done.stdout.split())]
