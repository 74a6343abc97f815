"""The results as tables."""

from collections.abc import Sequence
from statistics import median

from bench.figures import ratio, table
from bench.latency import Latency
from bench.programs import PROGRAMS
from bench.throughput import Measured

_QUIET = 0.7


def throughput(runs: Sequence[Measured]) -> str:
    """Every round's accounts a second, the medians, and how they compare."""
    names = list(dict.fromkeys(run.program for run in runs))
    rounds = sorted({run.round for run in runs})
    rates = {name: [run.rate for run in runs if run.program == name] for name in names}
    middle = {name: median(values) for name, values in rates.items()}
    rows = []
    for name in names:
        own = [run for run in runs if run.program == name]
        rows.append(
            [
                name,
                PROGRAMS[name].guarantee,
                *(f"{rate:,.0f}" for rate in rates[name]),
                f"{middle[name]:,.0f}",
                ratio(middle[name], middle.get("stock"), 1),
                ratio(middle[name], middle.get("streams")),
                f"{median(run.cpu_per_account for run in own):.1f}",
                f"{median(run.wall for run in own):.1f}",
            ]
        )
    headers = ["program", "guarantee", *(f"round {number}" for number in rounds)]
    headers += ["median", "to stock", "to streams", "CPU µs", "wall s"]
    return "accounts a second\n\n" + table(headers, rows, words=2)


def busy(load: float, cores: int) -> str | None:
    """A warning when others were at work before the measurement (load average of a minute)."""
    if load <= _QUIET:
        return None
    return (
        f"Not to be quoted: the machine was busy before this began (load {load:.1f} on {cores} "
        "cores). That slows a JVM, which compiles while it runs, more than the others."
    )


def latency(runs: Sequence[Latency], rate: int) -> str:
    """The percentiles of each program, in milliseconds, and how late the harness itself was."""
    rows = [
        [
            run.program,
            f"{len(run.values):,}",
            *(f"{run.at(share):.1f}" for share in (0.5, 0.9, 0.99, 0.999, 1)),
            f"{max(run.late):.1f}",
        ]
        for run in runs
    ]
    headers = ["program", "accounts", "p50", "p90", "p99", "p99.9", "max", "sender late (max)"]
    title = f"milliseconds from an account's timestamp to its committed verdict, {rate:,}/s"
    return f"{title}\n\n{table(headers, rows)}"
