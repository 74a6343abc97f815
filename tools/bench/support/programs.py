"""The programs that are compared: how each is started, and how far it has come."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from struct import unpack

import orjson

from records.outcome import OUTCOMES
from tools.bench.load.topics import Topics
from tools.bench.support import streams_build

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Topology:
    """The topics and the group of one run; `folder` is for the program's own files and log."""

    broker: str
    group: str
    accounts: str
    verdicts: str
    dead_letters: str
    partitions: int
    folder: Path

    @classmethod
    def fresh(
        cls, name: str, topics: Topics, folder: Path, *, accounts: str | None = None
    ) -> "Topology":
        """A group and topics of output that nobody used before, made on the broker.

        `accounts` is a topic that is there already; without it one is made as well. `name` is made
        unique.
        """
        group = f"{name}-{time.time_ns()}"
        made = cls(
            broker=topics.broker,
            group=group,
            accounts=accounts or f"{group}-accounts",
            verdicts=f"{group}-verdicts",
            dead_letters=f"{group}-dead-letters",
            partitions=topics.partitions,
            folder=folder,
        )
        if accounts is None:
            topics.create_accounts(made.accounts)
        topics.create([made.verdicts, made.dead_letters])
        return made

    @property
    def changelog(self) -> str:
        """Where all three programs write the rows of their table."""
        return f"{self.group}-verdict_counts-changelog"

    def environment(self) -> dict[str, str]:
        """This process's environment, its own settings replaced by those of the run."""
        others = {name: value for name, value in os.environ.items() if name[:6] != "FRAUD_"}
        return others | {
            "FRAUD_BROKER": f"kafka://{self.broker}",
            "FRAUD_APP_ID": self.group,
            "FRAUD_ACCOUNTS_TOPIC": self.accounts,
            "FRAUD_VERDICTS_TOPIC": self.verdicts,
            "FRAUD_DEAD_LETTERS_TOPIC": self.dead_letters,
            "FRAUD_PARTITIONS": str(self.partitions),
            "FRAUD_PRODUCE_SIZE": "0",
            "FRAUD_TOKEN_KEY": "a key for measuring only",
            "BENCH_STATE": str(self.folder / "state"),
        }


@dataclass(frozen=True)
class Program:
    """One of the programs.

    `command` makes its command line, run from the project's root. `counted` tells how many
    verdicts one row of its table stands for. `prepare` is called once before the first run.
    """

    name: str
    guarantee: str
    command: Callable[[Topology], list[str]]
    counted: Callable[[bytes], int]
    transactional: bool = True
    at_most: int | None = None
    """Accounts after which a run ends; None for all of them."""
    prepare: Callable[[], None] = field(default=lambda: None)


def _worker(app: str, web_port: int | None = None) -> Callable[[Topology], list[str]]:
    web = ["--without-web"] if web_port is None else ["--web-port", str(web_port)]

    def command(run: Topology) -> list[str]:
        data = str(run.folder / "faust")
        faust = [sys.executable, "-m", "faust", "--datadir", data, "-A", app]
        return [*faust, "worker", "-l", "warn", *web]

    return command


def _in_our_row(row: bytes) -> int:
    counts = orjson.loads(row)
    return sum(int(counts[outcome]) for outcome in OUTCOMES)


def _in_the_streams_row(row: bytes) -> int:
    authorized, unauthorized, _dead_letters, _next_offset = unpack(">4q", row)
    return int(authorized) + int(unauthorized)


PROGRAMS = {
    program.name: program
    for program in (
        Program(
            name="stock",
            guarantee="at least once",
            command=_worker("tools.bench.apps.stock_app"),
            counted=lambda row: int(orjson.loads(row)),
            transactional=False,
            at_most=30_000,
        ),
        Program(
            name="streams",
            guarantee="exactly once",
            command=lambda _run: streams_build.command(),
            counted=_in_the_streams_row,
            prepare=streams_build.build,
        ),
        Program(
            name="ours",
            guarantee="exactly once",
            command=_worker("fraud_app"),
            counted=_in_our_row,
        ),
    )
}


def with_web(name: str, port: int, app: str = "fraud_app") -> Program:
    """Our worker with its web server on this port, under another name; or a variant of its app."""
    return replace(PROGRAMS["ours"], name=name, command=_worker(app, port))
