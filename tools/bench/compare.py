"""The parts whose results are kept: each measures, prints a line a run, and saves."""

from collections.abc import Callable, Sequence
from statistics import median

from tools.bench import latency, throughput
from tools.bench.growth import history, partitions, soak
from tools.bench.latency import Latency
from tools.bench.options import HALF, Options
from tools.bench.results import store
from tools.bench.support.environments import Skipped
from tools.bench.support.programs import BASE, PROGRAMS, Program


def _throughput(broker: str, chosen: Options, load: float) -> None:
    programs, skipped = _ready(chosen.programs)
    runs = throughput.measure(broker, programs, chosen.accounts, chosen.partitions, chosen.rounds)
    store.save("throughput", runs, load, skipped)


def _latency(broker: str, chosen: Options, load: float) -> None:
    programs, skipped = _ready(chosen.latency_of)
    loads = {program.name: _loads(program.name, chosen.rates) for program in programs}
    found: list[Latency] = []
    for number in range(1, chosen.rounds + 1):
        first = (number - 1) % len(programs)
        for program in (*programs[first:], *programs[:first]):
            each = latency.measure(
                broker,
                program,
                loads[program.name],
                chosen.seconds,
                chosen.warm_up,
                chosen.partitions,
                number,
            )
            print("\n".join(map(latency.summary, each)), flush=True)
            found += each
    store.save("latency", found, load, skipped)


def _growth(broker: str, chosen: Options, load: float) -> None:
    found = []
    for size, workers in partitions.sizes(chosen.sizes, chosen.workers, chosen.partitions):
        found.append(
            partitions.measure(
                broker,
                size,
                workers,
                chosen.accounts,
                chosen.rate or 1_000,
                chosen.seconds,
                chosen.warm_up,
            )
        )
        print(partitions.summary(found[-1]), flush=True)
    store.save("growth", found, load)


def _history(broker: str, chosen: Options, load: float) -> None:
    found = []
    for start in history.measure(broker, chosen.history, chosen.partitions):
        found.append(start)
        print(history.summary(start), flush=True)
    store.save("history", found, load)


def _soak(broker: str, chosen: Options, load: float) -> None:
    rate = chosen.rate
    if rate is None:
        runs = throughput.measure(
            broker, [PROGRAMS[BASE]], chosen.accounts, chosen.partitions, rounds=1
        )
        rate = round(runs[0].rate * soak.SHARE)
    print(f"{rate:,} accounts a second for {chosen.minutes:g} minutes", flush=True)
    found = []
    for look in soak.measure(broker, rate, chosen.minutes * 60, chosen.warm_up, chosen.partitions):
        found.append(look)
        print(soak.summary(look), flush=True)
    store.save("soak", found, load)


PARTS: dict[str, Callable[[str, Options, float], None]] = {
    "throughput": _throughput,
    "latency": _latency,
    "growth": _growth,
    "history": _history,
    "soak": _soak,
}


def _ready(programs: Sequence[Program]) -> tuple[list[Program], list[str]]:
    """Those that can run here, prepared, and why the others cannot."""
    able, skipped = [], []
    for program in programs:
        try:
            program.prepare()
        except Skipped as reason:
            skipped.append(f"{program.name}: {reason}")
            print(f"skipped {skipped[-1]}", flush=True)
        else:
            able.append(program)
    if not able:
        raise RuntimeError("none of the programs can run here")
    return able, skipped


def _loads(name: str, rates: Sequence[str]) -> list[tuple[str, int]]:
    """The rates by name; half of the program's maximum comes from the last throughput."""
    maxima = [run.rate for run in store.load("throughput") if run.program == name]
    if HALF in rates and not maxima:
        raise RuntimeError(f"half of what? Measure the throughput of {name} first, or name --rates")
    return [(rate, round(median(maxima) / 2) if rate == HALF else int(rate)) for rate in rates]
