"""`partitions release`: let a held partition go on, without a restart."""

from __future__ import annotations

import time
from collections.abc import Mapping

import click
import faust
from confluent_kafka.admin import AdminClient
from faust.cli import argument, option
from rich.console import Console

from cli.support.blocking_command import EX_FAILURE, BlockingCommand
from cli.support.errors import CommandError
from cli.support.moment import moment
from cli.support.output import PLAIN
from cli.support.text_option import TextParameter, author_name
from cli.support.time_option import DurationParameter
from cluster import committed_rows, connect, topic_spans
from cluster.reading.control import Holds, write_release
from cluster.reading.owners import partition_owners
from config import Settings
from records.hold import Hold, still_held
from records.release import LONGEST_TEXT, Release
from records.text import shown

_EVERY = 0.2
_DEFAULT_TIMEOUT = 30.0
# A limit that is off for longer is a setting.
_LONGEST_MS = 24 * 60 * 60 * 1_000

_OPTIONS = (
    argument("partition", type=click.IntRange(0)),
    option(
        "--for",
        "duration",
        type=DurationParameter(_LONGEST_MS),
        help="Count nothing in the partition for so long: 10m; s, m or h, at most 24h.",
    ),
    option("--note", type=TextParameter(LONGEST_TEXT), default="", help="Why, for the log."),
    option(
        "--author",
        type=TextParameter(LONGEST_TEXT),
        help="Who releases it; the user of the operating system by default.",
    ),
    option(
        "--timeout",
        type=click.FloatRange(0),
        default=_DEFAULT_TIMEOUT,
        show_default=True,
        help="Seconds to wait until it has gone on.",
    ),
)


def add_release(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(*_OPTIONS, base=BlockingCommand, group=group, command_name="release")
    def release_command(
        self: BlockingCommand,
        partition: int,
        duration: int | None,
        note: str,
        author: str | None,
        timeout: float,
    ) -> int:
        """Let held PARTITION go on: its batch is committed, and the count begins anew.

        Waits until that is done; exit code 1 when it is not after --timeout seconds.
        """
        client = connect(settings, timeout=0)
        hold = held(settings, partition)
        now = time.time_ns() // 1_000_000
        until = None if duration is None else now + duration
        release = Release(
            partition, hold.begin, hold.end, until, at=now, author=author_name(author), note=note
        )
        write_release(settings, release)
        self.console.print(_released(hold, until), **PLAIN)
        return wait(settings, client, hold, timeout, self.console)


def held(settings: Settings, partition: int) -> Hold:
    """How the partition is held. Raises CommandError when it is not, ClusterError."""
    topic = settings.accounts_topic
    there = topic_spans(settings, topic)
    if partition not in there:
        raise CommandError(f"topic {topic} has no partition {partition}: {_numbers(there)}")
    with Holds(settings) as holds:
        found = still_held(holds.look(), committed_rows(settings))
    if partition not in found:
        others = ", ".join(str(number) for number in sorted(found))
        raise CommandError(
            f"partition {partition} is not held" + (f"; held: {others}" if others else "")
        )
    return found[partition]


def wait(
    settings: Settings, client: AdminClient, hold: Hold, timeout: float, console: Console
) -> int:
    """Wait until the partition is past its hold, print how that ended; returns the exit code.

    Raises ClusterError.
    """
    deadline = time.monotonic() + timeout
    while True:
        row = committed_rows(settings).get(hold.partition)
        if row is not None and row.next_offset > hold.offset:
            console.print(
                f"partition {hold.partition} goes on: its next offset is {row.next_offset}", **PLAIN
            )
            return 0
        if time.monotonic() > deadline:
            console.print(_not_done(settings, client, hold, timeout), **PLAIN)
            return EX_FAILURE
        time.sleep(_EVERY)


def _not_done(settings: Settings, client: AdminClient, hold: Hold, timeout: float) -> str:
    partition = hold.partition
    with Holds(settings) as holds:
        now = holds.look().get(partition, hold)
    if now.offset != hold.offset:
        return (
            f"partition {partition} is held again, at offset {now.offset}: "
            f"{shown(now.reason, LONGEST_TEXT)}"
        )
    owners = partition_owners(client, settings, timeout=3.0)
    text = f"partition {partition} has not gone on after {timeout:g} s"
    if owners is not None and partition not in owners:
        return f"{text}: no worker owns it; the next one to start goes on with it"
    owner = hold.worker if owners is None else owners[partition]
    return f"{text}: worker {shown(owner, LONGEST_TEXT)} holds it, look at its log"


def _released(hold: Hold, until: int | None) -> str:
    text = (
        f"partition {hold.partition} was held at offset {hold.offset}: "
        f"{shown(hold.reason, LONGEST_TEXT)}; released"
    )
    return text if until is None else f"{text}, nothing counts until {moment(until)} UTC"


def _numbers(there: Mapping[int, object]) -> str:
    return f"its partitions are 0 to {len(there) - 1}" if there else "it does not exist"
