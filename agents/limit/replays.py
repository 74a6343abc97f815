"""Notices replays that keep failing, which do not count towards the limit."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from faust_transactions import SourceRecord

from agents.limit.counting import is_replay
from agents.limit.window import SIZE, invalid_in, slide
from records.replay import REPLAY_OF

__all__ = ["FailedReplays"]

logger = logging.getLogger(__name__)


class Replayed(Protocol):
    """The part of a `faust_transactions.Transaction` that is used here."""

    topic: str
    partition: int
    records: Sequence[SourceRecord]


class FailedReplays:
    """Warns when more than `allowed` of a partition's last replays are dead letters again.

    `dead-letters replay` stops long before that, so the cause is somebody else who writes its
    headers: a script that copies dead letters back, or a producer that wants to pass the limit.
    Counts in the process, since its start. Once a partition, until fewer of them fail.
    """

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._windows: dict[int, str] = {}
        self._warned: set[int] = set()

    def __call__(self, batch: Replayed, failed: Collection[int]) -> None:
        """Count the replays of a batch; those with these offsets are dead letters."""
        partition, before = batch.partition, self._windows.get(batch.partition, "")
        if not (before or failed):
            return
        replays = [each for each in batch.records if is_replay(each, batch.topic)]
        dead = [index for index, each in enumerate(replays) if each.offset in failed]
        window = self._windows[partition] = slide(before, len(replays), dead)
        invalid = invalid_in(window)
        if invalid <= self._allowed:
            self._warned.discard(partition)
        elif partition not in self._warned:
            self._warned.add(partition)
            logger.warning(
                "%s-%d: %d of its last %s replayed records are dead letters again. They do not "
                "hold the partition. If you do not replay them, stop who does: a producer, or a "
                "script that copies dead letters back, writes the header %s",
                batch.topic,
                partition,
                invalid,
                f"{SIZE:,}",
                REPLAY_OF,
                extra={"topic": batch.topic, "partition": partition},
            )
