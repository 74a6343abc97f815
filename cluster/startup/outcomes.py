"""Whether the rows and the outputs agree on how far each partition was judged.

They are written in one transaction. Where they differ, one of the topics was deleted, replaced, or
restored from a copy, or FRAUD_APP_ID is another one.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping

from cluster.errors import ClusterError
from cluster.reach import wait
from cluster.reading.last_outcomes import (
    NEVER,
    LastOutcomes,
    last_dead_letters,
    last_verdicts,
    newest,
)
from cluster.reading.offsets import topic_spans
from cluster.reading.rows import committed_rows
from cluster.topics import changelog_topic
from config import Settings

logger = logging.getLogger("fraud_app")

# A transaction becomes visible topic by topic, and other workers commit meanwhile.
_SETTLED_AFTER = 10.0
_PAUSE = 0.5
_NAMED = 3


def check_outcomes(
    settings: Settings, *, stop: threading.Event | None = None
) -> tuple[LastOutcomes, LastOutcomes]:
    """Raise ClusterError where accounts have an outcome that the rows do not know.

    Logs a warning where an account counts as judged and its outcome is not there. Returns the last
    verdicts and dead letters.
    """
    deadline = time.monotonic() + _SETTLED_AFTER
    rows = _judged(settings)
    while True:
        # Of what is compared the rows are read first, except where they seem to be behind.
        verdicts, letters = _outcomes(settings)
        unknown = unknown_outcomes(rows, verdicts, letters)
        gone = lost_outcomes(rows, verdicts, letters)
        if unknown:
            rows = _judged(settings)
            unknown = unknown_outcomes(rows, verdicts, letters)
        if not (unknown or gone) or time.monotonic() > deadline:
            break
        wait(_PAUSE, stop)
    # What is behind an open transaction cannot be read yet. The worker ends it, or waits for its
    # end, before it judges anything of that partition.
    if unknown:
        unknown = _without(unknown, _open(settings, changelog_topic(settings)))
    if unknown:
        raise ClusterError(_judged_twice(settings, unknown, rows))
    if gone:
        gone = _without(gone, _open(settings, *settings.topics[1:]))
    if gone:
        logger.warning("%s", _lost(settings, gone, rows))
    return verdicts, letters


def unknown_outcomes(
    judged: Mapping[int, int], verdicts: LastOutcomes, letters: LastOutcomes
) -> dict[int, int]:
    """Partition -> the last account with an outcome, where it lies beyond what counts as judged.

    `judged` has the next offset of each partition that has a row.
    """
    last: dict[int, int] = {}
    for output in (verdicts, letters):
        for partition, offset in output.offsets.items():
            if offset >= judged.get(partition, 0):
                last[partition] = max(offset, last.get(partition, NEVER))
    return last


def lost_outcomes(
    judged: Mapping[int, int], verdicts: LastOutcomes, letters: LastOutcomes
) -> dict[int, int]:
    """Partition -> the last account with an outcome, or NEVER, where later ones count as judged.

    The account before the next offset always has one.
    """
    last = newest(verdicts, letters)
    return {
        partition: last[partition]
        for partition, next_offset in judged.items()
        if partition in last and last[partition] < next_offset - 1
    }


def _open(settings: Settings, *topics: str) -> set[int]:
    """The partitions with an open transaction in one of the topics."""
    found: set[int] = set()
    for topic in topics:
        # In this order: what is committed in between makes nothing look open.
        ends = topic_spans(settings, topic, "read_uncommitted")
        stable = topic_spans(settings, topic)
        found |= {at for at, span in stable.items() if at in ends and span.end < ends[at].end}
    return found


def _without(found: Mapping[int, int], partitions: Collection[int]) -> dict[int, int]:
    return {partition: last for partition, last in found.items() if partition not in partitions}


def _judged(settings: Settings) -> dict[int, int]:
    return {partition: row.next_offset for partition, row in committed_rows(settings).items()}


def _outcomes(settings: Settings) -> tuple[LastOutcomes, LastOutcomes]:
    spans = topic_spans(settings, settings.accounts_topic, "read_uncommitted")
    ends = {partition: span.end for partition, span in spans.items()}
    return last_verdicts(settings, ends), last_dead_letters(settings, ends)


def _judged_twice(settings: Settings, last: Mapping[int, int], judged: Mapping[int, int]) -> str:
    places = _places(
        settings, last, lambda p: f"is judged up to offset {last[p] + 1}, not {judged.get(p, 0)}"
    )
    return (
        f"topic {changelog_topic(settings)} does not know what was judged, and accounts would be "
        f"judged twice: by the outputs, {places}. It was deleted or restored from an older copy, "
        "or FRAUD_APP_ID was another one: set the former FRAUD_APP_ID, or stop all workers and run "
        "`faust -A fraud_app rebuild-rows`, or give this FRAUD_APP_ID outputs of its own "
        "(FRAUD_VERDICTS_TOPIC, FRAUD_DEAD_LETTERS_TOPIC)"
    )


def _lost(settings: Settings, last: Mapping[int, int], judged: Mapping[int, int]) -> str:
    places = _places(
        settings, last, lambda p: f"is judged up to offset {judged[p]}, not {last[p] + 1}"
    )
    verdicts, letters = settings.verdicts_topic, settings.dead_letters_topic
    return (
        f"topic {verdicts} or {letters} lacks the last outcomes: by topic "
        f"{changelog_topic(settings)}, {places}. It was deleted, restored from an older copy or "
        "replaced by another topic; run reconcile, which lists the accounts without an outcome"
    )


def _places(settings: Settings, found: Mapping[int, int], text: Callable[[int], str]) -> str:
    named = sorted(found)[:_NAMED]
    places = [f"{settings.accounts_topic}-{partition} {text(partition)}" for partition in named]
    more = len(found) - len(named)
    return ", ".join(places) + (f" (and {more} more)" if more else "")
