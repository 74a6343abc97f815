"""Whether the rows and the outputs agree on how far each partition was judged.

They are written in one transaction. Where they differ, one of the topics was deleted, replaced, or
restored from a copy, or FRAUD_APP_ID is another one.
"""

import logging
import threading
import time
from collections.abc import Mapping

from confluent_kafka import KafkaException
from faust_transactions import topic_ids

from cluster.errors import ClusterError, reason
from cluster.reach import quiet, wait
from cluster.reading.last_outcomes import (
    NEVER,
    NO_RIGHT,
    LastOutcomes,
    last_outcomes,
    newest,
)
from cluster.reading.offsets import open_transactions
from cluster.reading.rows import committed_rows
from cluster.startup import outcome_lines
from cluster.startup.former import former_outcomes, known_judged, sent_later
from cluster.startup.swapped import check_kinds, wrong_kinds
from cluster.topics import changelog_topic
from config import Settings

logger = logging.getLogger("fraud_app")

# A transaction becomes visible topic by topic, and other workers commit meanwhile.
_SETTLED_AFTER = 10.0
_PAUSE = 0.5


def check_lost_topics(settings: Settings) -> None:
    """Raise ClusterError where the accounts topic or the changelog is gone and outcomes are there.

    To be called before topics are created: into a new changelog running workers would write the
    rows of some partitions, and a lost accounts topic shall not come back empty.
    """
    if not (missing := _missing(settings)):
        return
    rows, verdicts, letters = _judged(settings), *last_outcomes(settings)
    former = former_outcomes(rows, verdicts, letters)
    unknown = unknown_outcomes(rows, verdicts, letters)
    unread = {verdicts.unread, letters.unread} - {None, NO_RIGHT}
    # Where another worker starts too, it may have created them meanwhile, and judged.
    if not (former or unknown or unread) or not (missing & _missing(settings)):
        return
    if former or unknown:
        raise ClusterError(_refusal(settings, rows, verdicts, letters, former, unknown))
    raise ClusterError(outcome_lines.not_known(settings, sorted(missing), unread))


def check_outcomes(
    settings: Settings, *, stop: threading.Event | None = None
) -> tuple[LastOutcomes, LastOutcomes]:
    """Raise ClusterError where accounts have an outcome that the rows do not know.

    Also where FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC are swapped.

    Logs a warning where an account counts as judged and its outcome is not there, where an output
    has records of the wrong kind, and where one cannot be read. Returns the last verdicts and
    dead letters.
    """
    deadline = time.monotonic() + _SETTLED_AFTER
    rows = _judged(settings)
    while True:
        # Of what is compared the rows are read first, except where they seem to be behind.
        verdicts, letters = last_outcomes(settings)
        check_kinds(settings, verdicts, letters)
        unknown = unknown_outcomes(rows, verdicts, letters)
        former = former_outcomes(rows, verdicts, letters)
        gone = lost_outcomes(rows, verdicts, letters)
        if unknown or former:
            rows = _judged(settings)
            unknown = unknown_outcomes(rows, verdicts, letters)
            former = former_outcomes(rows, verdicts, letters)
        if not (unknown or former or gone) or time.monotonic() > deadline:
            break
        wait(_PAUSE, stop)
    # What is behind an open transaction cannot be read yet. The worker ends it, or waits for its
    # end, before it judges anything of that partition.
    if unknown or former:
        hanging = open_transactions(settings, changelog_topic(settings))
        unknown, former = _without(unknown, hanging), _without(former, hanging)
    if unknown or former:
        raise ClusterError(_refusal(settings, rows, verdicts, letters, former, unknown))
    if gone:
        gone = _without(gone, open_transactions(settings, *settings.topics[1:]))
    if gone:
        logger.warning("%s", outcome_lines.lost(settings, gone, rows))
    _log_remarks(settings, verdicts, letters)
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


def _refusal(
    settings: Settings,
    rows: Mapping[int, int],
    verdicts: LastOutcomes,
    letters: LastOutcomes,
    former: Mapping[int, int],
    unknown: Mapping[int, int],
) -> str:
    former = former or sent_later(settings, rows, verdicts, letters)
    if former:
        return outcome_lines.former_accounts(settings, former)
    return outcome_lines.judged_twice(settings, known_judged(settings, unknown), rows)


def _without(found: Mapping[int, int], hanging: Mapping[tuple[str, int], int]) -> dict[int, int]:
    partitions = {partition for _, partition in hanging}
    return {partition: last for partition, last in found.items() if partition not in partitions}


def _missing(settings: Settings) -> set[str]:
    """Those of the accounts topic and the changelog that do not exist."""
    topics = [settings.accounts_topic, changelog_topic(settings)]
    try:
        return set(topics) - topic_ids(quiet(settings), topics).keys()
    except KafkaException as exc:
        raise ClusterError(f"topics cannot be described: {reason(exc.args[0])}") from exc


def _judged(settings: Settings) -> dict[int, int]:
    return {partition: row.next_offset for partition, row in committed_rows(settings).items()}


def _log_remarks(settings: Settings, verdicts: LastOutcomes, letters: LastOutcomes) -> None:
    if (line := wrong_kinds(settings, verdicts, letters)) is not None:
        logger.warning("%s: run reconcile, which lists them as orphaned", line)
    for topic, output in zip(settings.topics[1:], (verdicts, letters), strict=True):
        if output.unread is not None:
            # A worker needs no right to read its dead letters.
            level = logging.INFO if output.unread == NO_RIGHT else logging.WARNING
            logger.log(level, "%s", outcome_lines.not_compared(settings, topic, output.unread))
