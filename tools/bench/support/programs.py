"""The programs that are compared: how each is started, and how far it has come."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from struct import unpack

import orjson

from records.outcome import OUTCOMES
from tools.bench.support import streams_build
from tools.bench.support.environments import FLECHTWERK, QUIX, Environment
from tools.bench.support.topology import Topology

BASE = "ours"
"""The program that the others are compared with."""


@dataclass(frozen=True)
class Program:
    """One of the programs.

    `command` makes the command line of one of its processes, the first being number 0, run from
    the project's root. `prepare` is called once before the first run; it raises `Skipped` where the
    program cannot run here.
    """

    name: str
    guarantee: str
    command: Callable[[Topology, int], list[str]]
    counted: Callable[[bytes], int] | None = None
    """How many verdicts a row of its table stands for; None where it has no state."""
    changelog: Callable[[Topology], str] = lambda run: f"{run.group}-verdict_counts-changelog"
    """Where it writes the rows of its table."""
    processes: int = 1
    transactional: bool = True
    """Its verdicts are done when its group's offsets are committed, else when they are written."""
    beside: bool = True
    """A verdict is in its account's partition, else in the one that the hash of its key names."""
    same_answers: bool = True
    """Its simulated Veritas authorizes the same accounts as ours."""
    at_most: int | None = None
    """Accounts after which a run ends; None for all of them."""
    prepare: Callable[[], None] = field(default=lambda: None)


def _worker(app: str, web_port: int | None = None) -> Callable[[Topology, int], list[str]]:
    def command(run: Topology, number: int) -> list[str]:
        data = str(run.folder / f"faust-{number}")
        faust = [sys.executable, "-m", "faust", "--datadir", data, "-A", app]
        web = ["--without-web"] if web_port is None else ["--web-port", str(web_port + number)]
        return [*faust, "worker", "-l", "warn", *web]

    return command


def _peer(
    environment: Environment, module: str, *arguments: str
) -> Callable[[Topology, int], list[str]]:
    return lambda _run, _number: [
        environment.python,
        "-m",
        f"tools.bench.apps.{module}",
        *arguments,
    ]


def _in_our_row(row: bytes) -> int:
    counts = orjson.loads(row)
    return sum(int(counts[outcome]) for outcome in OUTCOMES)


def _in_the_streams_row(row: bytes) -> int:
    authorized, unauthorized, _dead_letters, _next_offset = unpack(">4q", row)
    return int(authorized) + int(unauthorized)


def _in_a_peers_row(row: bytes) -> int:
    return sum(int(number) for number in orjson.loads(row).values())


def _quix_changelog(run: Topology) -> str:
    return f"changelog__{run.group}--{run.accounts}--default"


_QUIX = Program(
    name="quix",
    guarantee="at least once",
    command=_peer(QUIX, "quix_app", "at-least-once"),
    counted=_in_a_peers_row,
    changelog=_quix_changelog,
    transactional=False,
    beside=False,
    prepare=QUIX.make,
)
_OURS = Program(
    name=BASE,
    guarantee="exactly once",
    command=_worker("fraud_app"),
    counted=_in_our_row,
)

PROGRAMS = {
    program.name: program
    for program in (
        _OURS,
        replace(_OURS, name="ours-2", processes=2),
        Program(
            name="streams",
            guarantee="exactly once",
            command=lambda _run, _number: streams_build.command(),
            counted=_in_the_streams_row,
            same_answers=False,
            prepare=streams_build.build,
        ),
        _QUIX,
        replace(
            _QUIX,
            name="quix-eos",
            guarantee="exactly once",
            command=_peer(QUIX, "quix_app", "exactly-once"),
            transactional=True,
        ),
        Program(
            name="flechtwerk",
            guarantee="exactly once",
            command=_peer(FLECHTWERK, "flechtwerk_app"),
            counted=_in_a_peers_row,
            changelog=lambda run: f"{run.group}-changelog",
            beside=False,
            at_most=100_000,
            prepare=FLECHTWERK.make,
        ),
        Program(
            name="stock",
            guarantee="at least once",
            command=_worker("tools.bench.apps.stock_app"),
            counted=lambda row: int(orjson.loads(row)),
            transactional=False,
            at_most=30_000,
        ),
        Program(
            name="plain",
            guarantee="exactly once",
            command=lambda _run, _number: [sys.executable, "-m", "tools.bench.apps.plain_app"],
        ),
    )
}

WHAT = {
    "ours": "this app, one worker",
    "ours-2": "this app, two workers",
    "streams": "Kafka Streams (Java), `exactly_once_v2`, two threads",
    "quix": f"Quix Streams {QUIX.version('quixstreams')}",
    "quix-eos": f"Quix Streams {QUIX.version('quixstreams')}",
    "flechtwerk": f"Flechtwerk {FLECHTWERK.version('flechtwerk')}",
    "stock": "Faust as its documentation shows it",
    "plain": "a loop over confluent-kafka, a transaction for each poll; no state",
}
"""What each program is, for people."""


def workers(number: int) -> Program:
    """That many of our workers, in one group."""
    return _OURS if number == 1 else replace(_OURS, name=f"ours-{number}", processes=number)


def with_web(name: str, port: int, app: str = "fraud_app") -> Program:
    """Our worker with its web server on this port, under another name; or a variant of its app."""
    return replace(_OURS, name=name, command=_worker(app, port))
