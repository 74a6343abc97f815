"""The results of `page` and `metrics` as tables."""

from collections.abc import Sequence
from statistics import median

from tools.bench.metrics import BARE, METERED, SCRAPED
from tools.bench.metrics_calls import BATCH, Calls
from tools.bench.page import ALONE, WATCHED, Sample
from tools.bench.support.figures import ratio, slope, table
from tools.bench.throughput import Measured


def page_memory(samples: Sequence[Sample]) -> str:
    """The page's memory and the worker's pace: first, last and largest, and the slope."""
    figures: list[tuple[str, int, list[float]]] = [
        ("JavaScript heap, MB", 2, [one.memory.heap / 1e6 for one in samples]),
        ("DOM nodes", 0, [one.memory.nodes for one in samples]),
        ("renderer RSS, MB", 1, [one.memory.resident / 1e6 for one in samples]),
        ("accounts/s", 0, [one.rate for one in samples]),
        ("lag", 0, [one.lag for one in samples]),
    ]
    rows = []
    for name, decimals, values in figures:
        each = [f"{value:,.{decimals}f}" for value in (values[0], values[-1], max(values))]
        grown = slope([(one.at, value) for one, value in zip(samples, values, strict=True)])
        rows.append([name, *each, f"{grown:+,.{decimals + 1}f}"])
    title = f"an open page, {samples[-1].at:.0f} s, a look every 10 s after a collection of garbage"
    return f"{title}\n\n" + table(["", "first", "last", "largest", "slope a minute"], rows)


def page_cost(runs: Sequence[Measured]) -> str:
    """Accounts a second without a page and with one, and how the medians compare."""
    rates = {name: [run.rate for run in runs if run.program == name] for name in (ALONE, WATCHED)}
    base = median(rates[ALONE])
    rows = [
        [
            name,
            *(f"{rate:,.0f}" for rate in rates[name]),
            f"{median(rates[name]):,.0f}",
            ratio(median(rates[name]), base, 3),
            f"{median(run.cpu_per_account for run in runs if run.program == name):.1f}",
        ]
        for name in (ALONE, WATCHED)
    ]
    rounds = [f"round {number}" for number in sorted({run.round for run in runs})]
    headers = ["page", *rounds, "median", "to alone", "worker's CPU µs"]
    return "accounts a second, the worker alone and with a page open\n\n" + table(headers, rows)


def metrics_cost(runs: Sequence[Measured], calls: Calls) -> str:
    """Accounts a second and processor time with the metrics and without, medians compared."""
    names = (BARE, METERED, SCRAPED)
    rates = {name: [run.rate for run in runs if run.program == name] for name in names}
    at_work = {
        name: median(run.cpu_at_work for run in runs if run.program == name) for name in names
    }
    rows = [
        [
            name,
            *(f"{rate:,.0f}" for rate in rates[name]),
            f"{median(rates[name]):,.0f}",
            ratio(median(rates[name]), median(rates[BARE]), 3),
            f"{at_work[name]:.2f}",
            ratio(at_work[name], at_work[BARE], 3),
        ]
        for name in names
    ]
    rounds = [f"round {number}" for number in sorted({run.round for run in runs})]
    headers = ["worker", *rounds, "median", "to bare", "CPU µs at work", "to bare"]
    title = "accounts a second, and processor time for one, with the metrics and without"
    alone = (
        f"Metric calls alone, in batches of {BATCH:,}: {calls.account * 1e6:.3f} µs an account, "
        f"{calls.account * 1e8 / at_work[BARE]:.1f} % of bare; "
        f"a look at /metrics: {calls.look * 1e3:.1f} ms."
    )
    return f"{title}\n\n{table(headers, rows)}\n\n{alone}"
