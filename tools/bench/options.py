"""The command line of the benchmark."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tools.bench.support.programs import PROGRAMS, Program

WHAT = (
    *("all", "full", "throughput", "latency", "growth", "history", "soak"),
    *("page", "metrics", "rules", "report"),
)
PARTS = {
    "all": ("throughput", "latency"),
    "full": ("throughput", "latency", "growth", "history", "soak"),
}
"""What several parts are called together."""
LATENCY_OF = "ours,streams,quix-eos"
HALF = "half"
_QUICK = {
    "accounts": 30_000,
    "rounds": 1,
    "seconds": 5,
    "warm_up": 5,
    "rates": "500,1000",
    "sizes": "1,4",
    "workers": "1,2",
    "history": "1000,10000",
    "minutes": 0.5,
}
_FULL = {
    "accounts": 500_000,
    "rates": f"500,1000,5000,{HALF}",
    "warm_up": 45,
    "sizes": "1,4,16,64,128,256",
    "workers": "1,2,3",
    "history": "1000,10000,100000,1000000,10000000",
    "minutes": 20.0,
}
_ROUNDS = {"page": 3, "metrics": 3}
_SECONDS = {"page": 600}


@dataclass(frozen=True)
class Options:
    """What to measure, and how much of it."""

    what: str
    broker: str | None
    partitions: int
    programs: list[Program]
    latency_of: list[Program]
    accounts: int
    rounds: int
    rate: int | None
    rates: list[str]
    seconds: int
    warm_up: int
    sizes: list[int]
    workers: list[int]
    history: list[int]
    minutes: float
    into: Path | None


def read(arguments: list[str] | None) -> Options:
    """The options that these arguments are; exits with a message where they are none."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    what = given["what"]
    usual = {**_FULL, "rounds": _ROUNDS.get(what, 5), "seconds": _SECONDS.get(what, 30)}
    usual |= _QUICK if given.pop("quick") else {}
    given |= {name: value for name, value in usual.items() if given[name] is None}
    if given["rate"]:
        given["rates"] = str(given["rate"])
    try:
        for name in ("programs", "latency_of"):
            given[name] = programs(given[name])
        for name in ("sizes", "workers", "history"):
            given[name] = numbers(given[name])
        given["rates"] = rates(given["rates"])
    except ValueError as error:
        parser.error(str(error))
    return Options(**given)


def programs(names: str) -> list[Program]:
    """The programs with these names, in this order; ValueError for an unknown one."""
    for name in names.split(","):
        if name not in PROGRAMS:
            raise ValueError(f"there is no program {name!r}, only {','.join(PROGRAMS)}")
    return [PROGRAMS[name] for name in names.split(",")]


def numbers(text: str) -> list[int]:
    """Whole numbers from 1 on, with commas between them; ValueError for anything else."""
    if not all(part.isdecimal() and int(part) for part in text.split(",")):
        raise ValueError(f"numbers from 1 on with commas between them are needed, not {text!r}")
    return [int(part) for part in text.split(",")]


def rates(text: str) -> list[str]:
    """Rates with commas between them, `half` among them or not; ValueError for anything else."""
    parts = text.split(",")
    if rest := [part for part in parts if part != HALF]:
        numbers(",".join(rest))
    return parts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description="Measures this app and its peers; tools/bench/README.md explains the figures.",
    )
    known = ",".join(PROGRAMS)
    what = "all (where nothing is said): throughput and latency; full: and growth, history, soak"
    add = parser.add_argument
    add("what", nargs="?", choices=WHAT, default="all", help=what)
    add("--quick", action="store_true", help="a short run of each, to see that it works")
    add("--broker", metavar="HOST:PORT", help="a Kafka to use; without it one is started")
    add("--partitions", type=_positive, default=4, help="of every topic, growth apart (4)")
    add("--programs", default=known, help=f"throughput: which, in this order ({known})")
    add("--accounts", type=_positive, help="waiting in the topic (500,000)")
    add("--rounds", type=_positive, help="runs of each kind (5; page, metrics 3)")
    add("--latency-of", default=LATENCY_OF, help=f"latency: which programs ({LATENCY_OF})")
    add("--rate", type=_positive, help="accounts a second: of latency the only one; page, soak")
    rate = "latency: accounts a second, half: of each program's maximum, as measured before"
    add("--rates", help=f"{rate} ({_FULL['rates']})")
    add("--seconds", type=_positive, help="measured at each rate (30); page (600)")
    add("--warm-up", type=int, help="latency, page, soak: seconds at the rate before that (45)")
    add("--minutes", type=float, help="soak: measured (20)")
    add("--into", type=Path, metavar="FOLDER", help="copy tables, plots and JSON there as well")
    add("--sizes", help=f"growth: partitions ({_FULL['sizes']})")
    add("--workers", help=f"growth: workers on --partitions ({_FULL['workers']})")
    add("--history", help=f"history: judged accounts before a start ({_FULL['history']})")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number
