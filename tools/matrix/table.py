"""The results of the matrix as a table in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.matrix.cell import Cell

__all__ = ["table"]


def table(
    cells: Mapping[tuple[str, str], Cell], pythons: Sequence[str], kafkas: Sequence[str]
) -> str:
    """One row for each Kafka, one column for each Python; below it what failed and why."""
    lines = [
        "| Kafka | " + " | ".join(f"Python {python}" for python in pythons) + " |",
        "| --- |" + " --- |" * len(pythons),
    ]
    for kafka in kafkas:
        row = [shown(cells.get((python, kafka))) for python in pythons]
        lines.append(f"| {kafka} | " + " | ".join(row) + " |")
    notes = [
        f"- Python {python}, Kafka {kafka}: {note}"
        for (python, kafka), cell in sorted(cells.items())
        for note in _notes(cell)
    ]
    return "\n".join([*lines, *(["", *notes] if notes else []), ""])


def shown(cell: Cell | None) -> str:
    """What a cell of the table says."""
    if cell is None:
        return "not run"
    if cell.error:
        return "did not run"
    text = f"{cell.passed} passed"
    if cell.known:
        text += f", {len(cell.known)} known"
    if cell.failed:
        text += f", **{len(cell.failed)} failed**"
    return text


def _notes(cell: Cell) -> list[str]:
    notes = [cell.error] if cell.error else []
    notes += [f"{name} failed" for name in cell.failed]
    return notes + [f"{name}: {reason}" for name, reason in cell.known.items()]
