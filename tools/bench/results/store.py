"""What was measured, kept as JSON: a measurement replaces its own part and leaves the others."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from tools.bench.growth.history import Start
from tools.bench.growth.partitions import Size
from tools.bench.growth.soak import Look
from tools.bench.latency import Latency
from tools.bench.support.environments import FOLDER
from tools.bench.support.figures import busy
from tools.bench.throughput import Measured

Row = Measured | Latency | Size | Start | Look

FILE = FOLDER / "results.json"

_KINDS: dict[str, type[Row]] = {
    "throughput": Measured,
    "latency": Latency,
    "growth": Size,
    "history": Start,
    "soak": Look,
}


def save(
    part: str, rows: Sequence[Row], load: float, skipped: Sequence[str] = (), file: Path = FILE
) -> None:
    """Replace this part. `load` is the machine's load average before the measurement."""
    kept = _read(file)
    kept[part] = {
        "measured_at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "load_before": round(load, 2),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "skipped": list(skipped),
        "rows": [asdict(row) for row in rows],
    }
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))


def load(part: str, file: Path = FILE) -> list[Any]:
    """The rows of this part as they were given to `save`; none where it was not measured."""
    rows = _read(file).get(part, {}).get("rows", [])
    return [_KINDS[part](**row) for row in rows]


def about(part: str, file: Path = FILE) -> str:
    """When this part was measured, and how busy the machine was."""
    kept = _read(file)[part]
    line = (
        f"Measured {kept['measured_at']} UTC on {kept['cores']} cores, Python {kept['python']}; "
        f"load before it {kept['load_before']}."
    )
    warning = busy(kept["load_before"], kept["cores"])
    return "\n".join(
        [line, *filter(None, [warning]), *(f"Skipped: {reason}" for reason in kept["skipped"])]
    )


def _read(file: Path) -> dict[str, Any]:
    kept: dict[str, Any] = orjson.loads(file.read_bytes()) if file.exists() else {}
    return kept
