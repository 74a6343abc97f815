"""`partitions release`: let a held partition go on, without a restart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import click
import faust
from confluent_kafka.admin import AdminClient
from faust.cli import argument, option
from rich.console import Console

from cli.support.blocking_command import BlockingCommand
from cli.support.decision_options import decision_options
from cli.support.errors import CommandError
from cli.support.moment import moment
from cli.support.output import PLAIN
from cli.support.text_option import author_name
from cli.support.time_option import DurationParameter
from cluster import committed_rows, connect, topic_spans
from cluster.reading.control import Holds, write_release
from cluster.reading.owners import partition_owners
from cluster.reading.rows import Rows
from config import Settings
from records.hold import Hold, still_held
from records.printable.text import shown
from records.release import LONGEST_TEXT, Release

_EVERY = 0.2
# A limit that is off for longer is a setting.
_LONGEST_MS = 24 * 60 * 60 * 1_000

_OPTIONS = (
    argument("partition", type=click.IntRange(0, 2**31 - 1)),
    option(
        "--for",
        "duration",
        type=DurationParameter(_LONGEST_MS),
        help="Count nothing in the partition for so long: 10m; s, m or h, at most 24h. Again: "
        "change it; 0: end it.",
    ),
    *decision_options(
        note="Why, for the log.",
        author="Who releases it",
        timeout="Seconds to wait until it has gone on.",
        longest_note=LONGEST_TEXT,
        longest_author=LONGEST_TEXT,
    ),
)


class Decided(NamedTuple):
    """How a partition is held, and its last release; None where there is none."""

    hold: Hold | None
    release: Release | None
    #: The partitions that are held.
    held: list[int]


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
    ) -> None:
        """Let held PARTITION go on: its batch is committed, and the count begins anew.

        Waits until that is done; exit code 1 when it is not after --timeout seconds. Of a partition
        that was released for a time, --for changes that time.
        """
        client = connect(settings, timeout=0)
        hold, last, held = decided(settings, partition)
        now = time.time_ns() // 1_000_000
        until = now + duration if duration else None
        author = author_name(author)
        if hold is not None:
            release = Release(
                partition, hold.begin, hold.end, until, at=now, author=author, note=note
            )
            write_release(settings, release)
            self.console.print(_released(hold, until), **PLAIN)
            wait(settings, client, hold, timeout, self.console)
        elif duration is not None and last is not None and _is_for_a_time(last, now):
            write_release(settings, replace(last, until=until, at=now, author=author, note=note))
            self.console.print(f"partition {partition}: {_counted(until)}", **PLAIN)
        else:
            raise CommandError(_not_held(partition, last, held, now))


def decided(settings: Settings, partition: int) -> Decided:
    """What is known of the partition. Raises CommandError when there is none; ClusterError."""
    topic = settings.accounts_topic
    there = topic_spans(settings, topic)
    if partition not in there:
        raise CommandError(f"topic {topic} has no partition {partition}: {_numbers(there)}")
    with Holds(settings) as holds:
        found = still_held(holds.look(), committed_rows(settings))
        return Decided(found.get(partition), holds.releases.get(partition), sorted(found))


def wait(
    settings: Settings, client: AdminClient, hold: Hold, timeout: float, console: Console
) -> None:
    """Wait until the partition is past its hold, and say so.

    Raises CommandError when it is not after ``timeout`` seconds; ClusterError.
    """
    deadline = time.monotonic() + timeout
    with Rows(settings) as rows:
        while True:
            row = rows.look().get(hold.partition)
            if row is not None and row.next_offset > hold.offset:
                break
            if time.monotonic() > deadline:
                raise CommandError(_not_done(settings, client, hold, timeout))
            time.sleep(_EVERY)
    console.print(
        f"partition {hold.partition} goes on: its next offset is {row.next_offset}", **PLAIN
    )


def _is_for_a_time(release: Release, now: int) -> bool:
    return release.until is not None and now < release.until


def _not_held(partition: int, last: Release | None, held: list[int], now: int) -> str:
    text = f"partition {partition} is not held"
    if last is not None and _is_for_a_time(last, now):
        return f"{text}, and {_counted(last.until)}: --for changes that, --for 0 ends it"
    others = ", ".join(map(str, held))
    return text + (f"; held: {others}" if others else "")


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
    return text if until is None else f"{text}, {_counted(until)}"


def _counted(until: int | None) -> str:
    if until is None:
        return "dead letters count again"
    return f"nothing counts until {moment(until)} UTC"


def _numbers(there: Mapping[int, object]) -> str:
    return f"its partitions are 0 to {len(there) - 1}" if there else "it does not exist"
