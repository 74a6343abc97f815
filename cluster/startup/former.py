"""Detect outcomes of a former accounts topic, and find what was judged where a row is missing."""

from collections.abc import Mapping

from cluster.errors import ClusterError
from cluster.reading.account_times import CLOCK_IS_SET_MS, CLOCKS_DIFFER_MS, earliest_around
from cluster.reading.last_outcomes import NEVER, LastOutcomes, Outcome, last_outcomes
from cluster.reading.offsets import committed_offsets, topic_spans
from cluster.startup import outcome_lines
from config import Settings

__all__ = [
    "check_former_topic",
    "former_outcomes",
    "known_judged",
    "last_without_row",
    "sent_later",
    "younger",
]


def check_former_topic(settings: Settings, rows: Mapping[int, int]) -> None:
    """Raise ClusterError where the outcomes without a row are those of a former accounts topic.

    `rows` has the next offset of each partition that has a row.
    """
    verdicts, letters = last_outcomes(settings)
    former = former_outcomes(rows, verdicts, letters)
    former = former or sent_later(settings, rows, verdicts, letters)
    if former:
        raise ClusterError(outcome_lines.former_accounts(settings, former))
    for topic, output in zip(settings.topics[1:], (verdicts, letters), strict=True):
        if output.unread is not None:
            raise ClusterError(
                f"topic {topic} cannot be read ({output.unread}): look at the state of the "
                "brokers and run the command again"
            )


def former_outcomes(
    judged: Mapping[int, int], verdicts: LastOutcomes, letters: LastOutcomes
) -> dict[int, int]:
    """Partition -> the last account with an outcome that the accounts topic does not have.

    Only where no partition has a row: rows say which topic they belong to. With them, somebody else
    wrote such an outcome.
    """
    if judged:
        return {}
    both = verdicts.beyond.keys() | letters.beyond.keys()
    return {at: max(verdicts.beyond.get(at, 0), letters.beyond.get(at, 0)) for at in both}


def sent_later(
    settings: Settings, rows: Mapping[int, int], verdicts: LastOutcomes, letters: LastOutcomes
) -> dict[int, int]:
    """Partition without a row -> the last account with an outcome, which is older than the account.

    The accounts topic is another one then, though it is as long. Raises ClusterError.
    """
    last = last_without_row(rows, verdicts, letters)
    if not last:
        return {}
    spans = topic_spans(settings, settings.accounts_topic)
    offsets = {partition: outcome.offset for partition, outcome in last.items()}
    return younger(last, earliest_around(settings, offsets, spans))


def last_without_row(
    rows: Mapping[int, int], verdicts: LastOutcomes, letters: LastOutcomes
) -> dict[int, Outcome]:
    """Partition without a row -> its last outcome, of an account that the accounts topic has."""
    last: dict[int, Outcome] = {}
    for output in (verdicts, letters):
        for partition, at in output.times.items():
            outcome = Outcome(output.offsets[partition], at)
            if partition not in rows:
                last[partition] = max(outcome, last.get(partition, Outcome(NEVER, 0)))
    return last


def younger(last: Mapping[int, Outcome], sent: Mapping[int, int]) -> dict[int, int]:
    """Partition -> offset of its `last` outcome, where the account was `sent` (ms) after it."""
    return {
        partition: outcome.offset
        for partition, outcome in last.items()
        if outcome.at >= CLOCK_IS_SET_MS and outcome.at + CLOCKS_DIFFER_MS < sent.get(partition, 0)
    }


def known_judged(settings: Settings, last: Mapping[int, int]) -> dict[int, int]:
    """Partition -> the last account that was judged: that in `last`, or one committed after it.

    Committed offsets count, as later outcomes may have been deleted. Without them, where the
    brokers do not report them, it is `last`.
    """
    try:
        committed = committed_offsets(settings)
        spans = topic_spans(settings, settings.accounts_topic, "read_uncommitted")
    except ClusterError:
        # Only the text of an error depends on it, and the start ends with that error in any case.
        return dict(last)
    ends = {partition: span.end for partition, span in spans.items()}
    return {
        partition: max(offset, min(committed.get(partition, 0), ends.get(partition, 0)) - 1)
        for partition, offset in last.items()
    }
