"""Runs the engine's tests on every Python and Kafka that it supports.

Results are kept in .matrix/results.json, cell by cell, so that a part of the matrix can be run
again: ``--python 3.12 --kafka 4.1.2``. Prints the table, also found in .matrix/table.md, and exits
with 1 when a test of a cell that was run failed without a named reason (`cell.KNOWN`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tools.matrix import pythons
from tools.matrix.cell import ROOT, Cell, run
from tools.matrix.table import shown, table

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
#: The newest release of each line.
KAFKAS = ("3.9.2", "4.0.2", "4.1.2", "4.2.2", "4.3.1", "4.4.0")
FOLDER = ROOT / ".matrix"

Cells = dict[tuple[str, str], Cell]


def main(arguments: list[str] | None = None) -> int:
    """Run the cells that were asked for; the exit code."""
    options = _options(arguments)
    FOLDER.mkdir(exist_ok=True)
    cells = _read(FOLDER / "results.json")
    ran: list[Cell] = []
    for python in options.python:
        interpreter = _interpreter(python)
        if isinstance(interpreter, str):
            print(f"Python {python}: {interpreter}", flush=True)
            continue
        for kafka in options.kafka:
            print(f"Python {python}, Kafka {kafka} ...", end=" ", flush=True)
            cell = run(interpreter, python, kafka, FOLDER, options.tests)
            print(f"{shown(cell)} in {cell.seconds} s", flush=True)
            ran.append(cell)
            cells[python, kafka] = cell
            _write(FOLDER / "results.json", cells)
    text = table(cells, PYTHONS, KAFKAS)
    (FOLDER / "table.md").write_text(text)
    print(f"\n{text}")
    return 0 if ran and all(cell.ok for cell in ran) else 1


def _interpreter(python: str) -> Path | str:
    """The interpreter to run the tests with, or why there is none."""
    found = pythons.find(python)
    if found is None:
        return "not on this machine"
    try:
        return pythons.environment(found, FOLDER / f"python-{python}")
    except subprocess.CalledProcessError as error:
        return f"no environment: {error}"


def _read(path: Path) -> Cells:
    found = json.loads(path.read_text()) if path.exists() else []
    return {(each["python"], each["kafka"]): Cell(**each) for each in found}


def _write(path: Path, cells: Cells) -> None:
    path.write_text(json.dumps([asdict(cell) for cell in cells.values()], indent=1))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.matrix", description=__doc__)
    parser.add_argument("--python", nargs="+", default=PYTHONS, help="versions, such as 3.12")
    parser.add_argument("--kafka", nargs="+", default=KAFKAS, help="releases, such as 4.2.1")
    parser.add_argument(
        "--tests", nargs="+", default=[], help="test files; without them all of the engine's"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
