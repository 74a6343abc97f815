"""Growth, history and soak as tables."""

from collections.abc import Sequence

from tools.bench.growth.history import Start
from tools.bench.growth.partitions import Size
from tools.bench.growth.soak import Look
from tools.bench.support.figures import slope, table

_MB = 1e6


def growth(sizes: Sequence[Size]) -> str:
    """A row for each number of partitions and workers."""
    at = max(one.at for one in sizes)
    headers = ["partitions", "workers", "accounts/s", "CPU µs", "threads", "MB", "peak MB"]
    headers += ["idle, % of a core"] + ([f"p50 ms at {at:,}/s", "p99 ms"] if at else [])
    rows = [
        [
            f"{one.partitions}",
            f"{one.workers}",
            f"{one.rate:,.0f}",
            f"{one.cpu:.1f}",
            f"{one.threads}",
            f"{one.resident / _MB:,.0f}",
            f"{one.peak / _MB:,.0f}",
            f"{one.idle * 100:.1f}",
            *([_ms(one.p50), _ms(one.p99)] if at else []),
        ]
        for one in sizes
    ]
    return (
        f"Growth: threads and memory are sums over the workers\n\n{table(headers, rows, words=0)}"
    )


def history(starts: Sequence[Start]) -> str:
    """A row for each number of judged accounts."""
    rows = [
        [
            f"{one.judged:,}",
            f"{one.ready:.2f}",
            f"{one.resident / _MB:,.0f}",
            f"{one.peak / _MB:,.0f}",
        ]
        for one in starts
    ]
    headers = ["judged before", "s to ready", "MB 5 s later", "peak MB"]
    return f"Start of a worker after so many accounts\n\n{table(headers, rows, words=0)}"


def soak(looks: Sequence[Look]) -> str:
    """First, last and largest of each figure, and its slope."""
    figures: list[tuple[str, int, list[float]]] = [
        ("memory (RSS), MB", 1, [one.resident / _MB for one in looks]),
        ("threads", 0, [one.threads for one in looks]),
        ("accounts/s", 0, [one.rate for one in looks]),
        ("% of a core", 1, [one.cpu * 100 for one in looks]),
        ("lag", 0, [one.lag for one in looks]),
    ]
    rows = []
    for name, decimals, values in figures:
        each = [f"{value:,.{decimals}f}" for value in (values[0], values[-1], max(values))]
        grown = slope([(one.at, value) for one, value in zip(looks, values, strict=True)])
        rows.append([name, *each, f"{grown:+,.{decimals + 1}f}"])
    title = f"Steady load for {looks[-1].at:,.0f} s, a look every 10 s"
    return f"{title}\n\n{table(['', 'first', 'last', 'largest', 'slope a minute'], rows)}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
