"""Finds verdicts in Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from faust_transactions import Span

from cli.verdicts.query import Query
from cli.verdicts.sieve import Sieve
from cluster import topic_spans
from config import Settings
from lookup.account import Found, Status, look_up
from lookup.bounded_read import BoundedRead, Place
from lookup.spans import verdict_spans
from records.recorded import RecordedVerdict

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]
Write = Callable[[list[RecordedVerdict]], None]

# A verdict's record is written after `verified_at`, and by the clock of the worker or of a broker.
_LATER_MS: Final = 10 * 60 * 1_000


@dataclass(frozen=True)
class Result:
    """How a search ended."""

    found: int
    #: Records that were read; 0 where an id was found directly.
    read: int = 0
    #: Id of another token key than the one asked for -> its verdicts; "" for those without one.
    other_keys: Mapping[str, int] = field(default_factory=dict)
    #: What became of the account with the id that was looked for.
    status: Status | None = None
    #: Kafka has deleted verdicts in the time that was looked at.
    is_cut: bool = False
    #: Partitions that could not be read to their ends, and how far.
    stopped_at: Mapping[Place, int] = field(default_factory=dict)
    seconds: float = 0.0


def find(
    settings: Settings,
    query: Query,
    write: Write,
    *,
    key: str | None = None,
    progress: Progress = lambda _done, _of: None,
    stop: Stop = lambda: False,
) -> Result:
    """Hand the verdicts that match to ``write``, some at a time; those of a partition in order.

    Finds an id by a search in its partition. Where that finds no verdict, and for everything else,
    reads the topic once, up to where it ends now; memory does not grow with it. ``key``: see Sieve.

    Raises ClusterError; NoIdError when the id is none; Stopped when ``stop`` returned True while an
    id was looked for. Ends early, with what was read, when ``stop`` returned True later.
    """
    began = time.monotonic()
    status: Status | None = None
    if query.id is not None:
        direct = look_up(settings, query.id, stop)
        status = direct.status
        if is_settled(direct):
            matching = [direct.verdict] if direct.verdict and query(direct.verdict) else []
            write(matching)
            seconds = time.monotonic() - began
            return Result(len(matching), status=status, seconds=seconds)
    spans = verdict_spans(settings, *window(query))
    sieve = Sieve(query, key)
    stopped_at = _read(settings, spans, sieve, write, progress, stop)
    whole = {} if sieve.found else topic_spans(settings, settings.verdicts_topic)
    return Result(
        found=sieve.found,
        read=sieve.read,
        other_keys=sieve.other_keys,
        status=status,
        is_cut=is_cut(spans, whole),
        stopped_at=stopped_at,
        seconds=time.monotonic() - began,
    )


def is_settled(direct: Found) -> bool:
    """Whether the topic need not be read for an id that was looked up.

    An account has a verdict or is a dead letter, never both, and none before it is judged.
    """
    return direct.verdict is not None or direct.status in ("dead_letter", "pending")


def window(query: Query) -> tuple[int | None, int | None]:
    """The first and last timestamp that the records of matching verdicts can have."""
    since, until = query.since, query.until
    return (
        None if since is None else max(0, since - _LATER_MS),
        None if until is None else until + _LATER_MS,
    )


def is_cut(spans: Mapping[int, Span], whole: Mapping[int, Span]) -> bool:
    """Whether the spans begin where deleted verdicts were; ``whole`` is all that is left."""
    return any(
        0 < span.begin >= spans[partition].begin
        for partition, span in whole.items()
        if partition in spans
    )


def _read(
    settings: Settings,
    spans: Mapping[int, Span],
    sieve: Sieve,
    write: Write,
    progress: Progress,
    stop: Stop,
) -> dict[Place, int]:
    topic = settings.verdicts_topic
    size = sum(span.end - span.begin for span in spans.values())
    reading = BoundedRead(settings, {(topic, p): span for p, span in spans.items()})
    for batch in reading.batches(stop):
        found = sieve.pick([record.value() for record in batch])
        if found:
            write(found)
        progress(sieve.read, size)
    return reading.stopped_at
