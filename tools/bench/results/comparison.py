"""The programs compared: ratios first, each with its spread over the rounds."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

from tools.bench.latency import Latency
from tools.bench.support.figures import table
from tools.bench.support.programs import BASE, PROGRAMS, WHAT
from tools.bench.throughput import Measured

T = TypeVar("T", Measured, Latency)

_PAIR = "ours-2"
_MB = 1e6


def spread(values: Sequence[float], decimals: int = 2) -> str:
    """The median, with the smallest and largest where there are several; a dash without any."""
    if not values:
        return "-"
    middle = f"{median(values):,.{decimals}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{decimals}f} to {max(values):,.{decimals}f})"


def ratios(above: Sequence[T], below: Sequence[T], value: Callable[[T], float]) -> list[float]:
    """One program's runs against another's, round by round; rounds that one lacks are left out."""
    others = {run.round: value(run) for run in below}
    pairs = ((value(run), others.get(run.round, 0.0)) for run in above)
    return [one / other for one, other in pairs if one and other]


def throughput(runs: Sequence[Measured]) -> str:
    """How many times as fast ours is, then every program's own figures."""
    of = {name: [run for run in runs if run.program == name] for name in _names(runs)}
    parts = [_throughput_ratios(of)] if BASE in of and len(of) > 1 else []
    headers = ["program", "guarantee", "accounts/s", "CPU µs", "of it at work", "peak MB", "wall s"]
    rows = [
        [
            WHAT.get(name, name),
            _guarantee(name),
            spread([run.rate for run in own], 0),
            spread([run.cpu_per_account for run in own], 1),
            f"{median(run.cpu_at_work for run in own):.1f}",
            f"{max(run.peak for run in own) / _MB:,.0f}",
            f"{median(run.wall for run in own):.1f}",
        ]
        for name, own in of.items()
    ]
    rounds = len({run.round for run in runs})
    title = f"Throughput, {rounds} rounds in turn: median (smallest to largest)"
    return "\n\n".join([*parts, f"{title}\n\n{table(headers, rows, words=2)}"])


def _throughput_ratios(of: dict[str, list[Measured]]) -> str:
    headers = ["against", "guarantee", "one worker, times as fast"]
    headers += ["two workers", "one worker, times the CPU", "times the memory"]
    rows = [
        [
            WHAT.get(name, name),
            _guarantee(name),
            spread(ratios(of[BASE], own, lambda run: run.rate)),
            spread(ratios(of.get(_PAIR, []), own, lambda run: run.rate)),
            spread(ratios(of[BASE], own, lambda run: run.cpu_per_account)),
            spread(ratios(of[BASE], own, lambda run: run.peak)),
        ]
        for name, own in of.items()
        if name != BASE
    ]
    title = "This app against the others, round by round: median (smallest to largest)"
    return f"{title}\n\n{table(headers, rows, words=2)}"


def latency(found: Sequence[Latency]) -> str:
    """Ours as a multiple of the others at each rate, then every program's own milliseconds."""
    of: dict[tuple[str, str], list[Latency]] = {}
    for one in found:
        of.setdefault((one.program, one.load), []).append(one)
    parts = []
    if pairs := [key for key in of if key[0] != BASE and (BASE, key[1]) in of]:
        rows = [
            [
                WHAT.get(name, name),
                _guarantee(name),
                _load(load),
                *(
                    spread(ratios(of[BASE, load], of[name, load], value))
                    for value in (_p50, _p99, _p999)
                ),
            ]
            for name, load in pairs
        ]
        headers = ["against", "guarantee", "accounts/s", "p50, times", "p99, times", "p99.9, times"]
        title = "Latency of one worker as a multiple of theirs: median (smallest to largest)"
        parts.append(f"{title}\n\n{table(headers, rows, words=2)}")
    headers = ["program", "guarantee", "accounts/s", "p50", "p99", "p99.9", "max", "sender late"]
    rows = [
        [
            WHAT.get(name, name),
            _guarantee(name),
            f"{_load(load)}: {median(one.rate for one in own):,.0f}",
            *(spread([value(one) for one in own], 1) for value in (_p50, _p99, _p999)),
            f"{max(one.max for one in own):.1f}",
            f"{max(one.late for one in own):.1f}",
        ]
        for (name, load), own in of.items()
    ]
    title = "Milliseconds from an account's timestamp to its committed verdict"
    return "\n\n".join([*parts, f"{title}\n\n{table(headers, rows, words=2)}"])


def _p50(one: Latency) -> float:
    return one.p50


def _p99(one: Latency) -> float:
    return one.p99


def _p999(one: Latency) -> float:
    return one.p999


def _load(load: str) -> str:
    return "half of its maximum" if load == "half" else f"{int(load):,}"


def _names(runs: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(run.program for run in runs))


def _guarantee(name: str) -> str:
    return PROGRAMS[name].guarantee if name in PROGRAMS else ""
