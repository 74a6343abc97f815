"""Counts the dead letters among a partition's last records. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from faust_transactions import SourceRecord

from agents.limit.window import SIZE, crossing, slide
from records.release import Release
from records.replay import replay_in

__all__ = ["Count", "TooMany", "allowed", "count", "is_replay"]


class TooMany(NamedTuple):
    """The first record that is one dead letter too many, and how many there are with it."""

    offset: int
    invalid: int


class Count(NamedTuple):
    """The window after a batch, and where the batch crosses the limit."""

    window: str
    too_many: TooMany | None = None


def allowed(ratio: float) -> int:
    """How many of the last `SIZE` records may be dead letters."""
    # Rounded first: 0.29 of 1,000 is 290, though the product of the floats is a little less.
    return int(round(ratio * SIZE, 6))


def count(
    window: str,
    records: Sequence[SourceRecord],
    failed: Collection[int],
    *,
    topic: str,
    limit: int,
    release: Release | None = None,
    now: int = 0,
) -> Count:
    """Count a batch, whose records with the offsets in ``failed`` are dead letters.

    ``limit``: how many dead letters the window may have; ``now`` in ms since the epoch. Replays do
    not count, nor does what was released.
    """
    if not (window or failed):
        return Count("")
    if release is not None:
        if release.until is not None and now < release.until:
            return Count("")
        if records[0].offset < release.end and records[-1].offset >= release.begin:
            window, records = "", [each for each in records if each.offset >= release.end]
    counted = [each for each in records if not is_replay(each, topic)]
    dead = [index for index, each in enumerate(counted) if each.offset in failed]
    crossed = crossing(window, dead, limit)
    if crossed is None:
        return Count(slide(window, len(counted), dead))
    return Count(window, TooMany(counted[crossed.at].offset, crossed.invalid))


def is_replay(record: SourceRecord, topic: str) -> bool:
    """Whether the record says that `dead-letters replay` sent it."""
    # Most records have no headers.
    return bool(record.headers) and replay_in(record.headers, topic) is not None
