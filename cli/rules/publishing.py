"""Writes a publication and waits until the group's workers judge by it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from cli.rules.versions import builtin_publication, usable
from cli.rules.waiting import Laggard, laggards
from cli.support.blocking_command import EX_FAILURE
from cli.support.decision_options import decision_options
from cli.support.errors import CommandError
from cli.support.output import PLAIN
from cluster import connect
from cluster.reading.announcements import Workers
from cluster.reading.publications import publish, read_entries
from cluster.topics import ensure_single_topics
from config import Settings
from rules.ruleset import LONGEST_NOTE
from rules.versions.publication import LONGEST_AUTHOR, Entry, Publication

__all__ = ["PUBLISH_OPTIONS", "has_text_of", "prepare", "publish_and_wait"]

_EVERY = 0.2

PUBLISH_OPTIONS: Sequence[Any] = decision_options(
    note="Why, for the list of versions.",
    author="Who publishes it",
    timeout="Seconds to wait for the workers; 0 to wait for none.",
    longest_note=LONGEST_NOTE,
    longest_author=LONGEST_AUTHOR,
)


def prepare(settings: Settings) -> list[Entry]:
    """What was published so far; makes sure that the topics are there. Raises ClusterError."""
    ensure_single_topics(connect(settings, timeout=0), settings)
    return read_entries(settings)


def publish_and_wait(
    settings: Settings,
    publication: Publication,
    entries: Sequence[Entry],
    *,
    timeout: float,
    console: Console,
) -> int:
    """Publish it unless it is active already; returns the exit code.

    ``entries`` are those of `prepare`. Its time is set here. Raises ClusterError, CommandError.
    """
    last = entries[-1].publication if entries else builtin_publication()
    version = publication.version
    is_same = last is not None and last.version == version and usable(last)
    if is_same and has_text_of(publication, last):
        console.print(f"version {version} is active already; nothing was written", **PLAIN)
        # Publishing again is how a pipeline asks whether all workers judge by it now.
        return _wait(settings, version, entries[-1].offset, timeout, console) if entries else 0
    publication = replace(publication, published_at=_after(last))
    try:
        offset = publish(settings, publication)
    except ValueError as exc:
        raise CommandError(f"the rule set cannot be published: {exc}") from exc
    same = ": it decides as before, and has other notes, comments or layout" if is_same else ""
    console.print(f"version {version} is published{same}", **PLAIN)
    return _wait(settings, version, offset, timeout, console)


def has_text_of(publication: Publication, other: Publication | None) -> bool:
    """Whether both are made of the same files, to the letter."""
    return other is not None and (publication.source, publication.files) == (
        other.source,
        other.files,
    )


def _after(last: Publication | None) -> int:
    """Now, or right after the last publication where that is later by this machine's clock."""
    now = time.time_ns() // 1_000_000
    return max(now, last.published_at + 1) if last else now


def _wait(settings: Settings, version: str, offset: int, timeout: float, console: Console) -> int:
    if not timeout:
        return 0
    deadline = time.monotonic() + timeout
    with Workers(settings) as workers:
        while True:
            said = workers.said()
            present = workers.present()
            if not present:
                console.print("no worker is running; the next to start judges by it", **PLAIN)
                return 0
            behind = laggards(present, said, version, offset)
            if not behind:
                number = "1 worker judges" if len(present) == 1 else f"{len(present)} workers judge"
                console.print(f"{number} by it", **PLAIN)
                return 0
            if all(each.is_final for each in behind) or time.monotonic() > deadline:
                return _report(behind, len(present), console)
            time.sleep(_EVERY)


def _report(behind: Sequence[Laggard], present: int, console: Console) -> int:
    console.print(f"{len(behind)} of {present} workers do not judge by it:", **PLAIN)
    for each in behind:
        console.print(f"  {each.worker} {each.why}", **PLAIN)
    return EX_FAILURE
