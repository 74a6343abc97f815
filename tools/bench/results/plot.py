"""Draws the results: `python -m tools.bench.results.plot results.json FOLDER`.

Run by the interpreter of `.bench/plot`, so it imports nothing of the project.
"""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

mpl.use("svg")
# Text as text, and the same bytes for the same figures.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9})
mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=["#d1495b", "#e09f3e", "#5c946e", "#7a6c9d"])

Rows = list[dict[str, Any]]
_OURS, _THEIRS = "#1f6feb", "#9aa4b2"


def throughput(rows: Rows, file: Path) -> None:
    """Accounts a second and processor time for one, a bar a program, spread over the rounds."""
    names = sorted({row["program"] for row in rows}, key=lambda name: _median(rows, name, _rate))
    figure, panes = plt.subplots(1, 2, figsize=(9, 0.5 + 0.4 * len(names)), sharey=True)
    for pane, value, title in (
        (panes[0], _rate, "accounts a second"),
        (panes[1], lambda row: row["cpu_per_account"], "processor time for an account, µs"),
    ):
        for place, name in enumerate(names):
            own = [value(row) for row in rows if row["program"] == name]
            middle = median(own)
            error = [[middle - min(own)], [max(own) - middle]]
            colour = _OURS if name.startswith("ours") else _THEIRS
            pane.barh(place, middle, xerr=error, color=colour, capsize=2)
            pane.text(max(own), place, f" {middle:,.0f}", va="center")
        pane.set_title(title)
        pane.xaxis.set_major_formatter("{x:,.0f}")
        pane.margins(x=0.15)
        pane.spines[["top", "right"]].set_visible(False)
    panes[0].set_yticks(range(len(names)), names)
    _save(figure, file)


def latency(rows: Rows, file: Path) -> None:
    """Percentiles over the rate, a line a program; half of the maximum is the last point."""
    figure, panes = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
    names = list(dict.fromkeys(row["program"] for row in rows))
    for pane, key, title in zip(
        panes, ("p50", "p99", "p999"), ("p50", "p99", "p99.9"), strict=True
    ):
        for name in names:
            loads = dict.fromkeys(row["load"] for row in rows if row["program"] == name)
            points = []
            for load in loads:
                own = [row for row in rows if row["program"] == name and row["load"] == load]
                points.append((median(r["rate"] for r in own), median(r[key] for r in own)))
            points.sort()
            style = {"color": _OURS, "linewidth": 2} if name.startswith("ours") else {}
            pane.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name, **style)
        pane.set(title=title, xscale="log", yscale="log", xlabel="accounts a second")
        pane.grid(visible=True, which="both", alpha=0.2)
        pane.xaxis.set_major_formatter("{x:,.0f}")
        pane.yaxis.set_major_formatter("{x:,.0f}")
    panes[0].set_ylabel("ms to the committed verdict")
    panes[0].legend(frameon=False)
    _save(figure, file)


def growth(rows: Rows, file: Path) -> None:
    """One worker on more and more partitions: accounts a second, threads, memory."""
    single = sorted((row for row in rows if row["workers"] == 1), key=lambda r: r["partitions"])
    figure, panes = plt.subplots(1, 3, figsize=(9, 2.6))
    places = [row["partitions"] for row in single]
    for pane, title, values in (
        (panes[0], "accounts a second", [row["rate"] for row in single]),
        (panes[1], "threads", [row["threads"] for row in single]),
        (panes[2], "memory, MB", [row["resident"] / 1e6 for row in single]),
    ):
        pane.plot(places, values, marker="o", markersize=3, color=_OURS)
        pane.set(title=title, xlabel="partitions", ylim=(0, None))
        pane.set_xscale("log", base=2)
        pane.set_xticks(places, places)
        pane.yaxis.set_major_formatter("{x:,.0f}")
        pane.grid(visible=True, alpha=0.2)
    _save(figure, file)


def soak(rows: Rows, file: Path) -> None:
    """Memory over time."""
    figure, pane = plt.subplots(figsize=(9, 2.6))
    pane.plot([r["at"] / 60 for r in rows], [r["resident"] / 1e6 for r in rows], color=_OURS)
    pane.set(xlabel="minutes", ylabel="memory (RSS), MB", ylim=(0, None))
    pane.grid(visible=True, alpha=0.2)
    _save(figure, file)


def _rate(row: dict[str, Any]) -> float:
    return float(row["verdicts"] / row["seconds"])


def _median(rows: Rows, name: str, value: Any) -> float:
    return float(median(value(row) for row in rows if row["program"] == name))


def _save(figure: Any, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    print(file)


def main(results: Path, folder: Path) -> None:
    """Draw each part that was measured; prints the files."""
    measured = json.loads(results.read_text())
    for draw in (throughput, latency, growth, soak):
        if rows := measured.get(draw.__name__, {}).get("rows"):
            draw(rows, folder / f"{draw.__name__}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
