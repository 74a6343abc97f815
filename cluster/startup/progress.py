"""Whether what was committed as judged belongs to the accounts topic as it is now."""

import logging
from collections.abc import Mapping

from confluent_kafka import KafkaException
from faust_transactions import LastRecord, Span, TopicIdentity, topic_ids

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from cluster.reading.offsets import topic_spans
from cluster.reading.rows import last_rows, rows_in
from cluster.remedy import RECONCILE_FIRST, other_topic_remedy
from cluster.topics import changelog_topic
from config import Settings

logger = logging.getLogger("fraud_app")


def check_identity(settings: Settings) -> None:
    """Raise ClusterError where the rows name another topic, or their topic was replaced or is gone.

    To be called before topics are created: one that was lost shall not come back empty.
    """
    topic, ids, last = settings.accounts_topic, _topic_ids(settings), last_rows(settings)
    line = other_topic(settings, last, TopicIdentity(topic, ids.get(topic)))
    if line is None and topic not in ids and any(row.value for row in last.values()):
        line = (
            f"topic {topic} does not exist, but topic {changelog_topic(settings)} says that its "
            f"accounts were judged: {other_topic_remedy(first='restore it')}"
        )
    if line is not None:
        raise ClusterError(line)


def check_progress(settings: Settings) -> None:
    """Raise ClusterError where the rows are those of another topic.

    Offsets mean nothing in a topic that they were not counted in: accounts below them would never
    be judged. Logs a warning for accounts that were deleted before they were judged.
    """
    topic = settings.accounts_topic
    last = last_rows(settings)
    rows = rows_in(changelog_topic(settings), last)
    now = TopicIdentity(topic, _topic_ids(settings).get(topic))
    line = other_topic(settings, last, now)
    if line is not None:
        raise ClusterError(line)
    spans = topic_spans(settings, topic, "read_uncommitted")
    for partition, row in sorted(rows.items()):
        _check_offset(settings, partition, row.next_offset, spans[partition])


def other_topic(
    settings: Settings, last: Mapping[int, LastRecord], now: TopicIdentity
) -> str | None:
    """Why the rows' records (partition -> record) are not those of the topic `now`, or None.

    Rows of version 0.1 name no topic and are taken for this one's.
    """
    for partition, record in sorted(last.items()):
        judged = TopicIdentity.from_headers(record.headers)
        if judged is None or judged.is_same(now):
            continue
        if judged.name != now.name:
            return (
                f"{settings.app_id} has judged topic {judged.name}, FRAUD_ACCOUNTS_TOPIC is "
                f"{now.name}: {_remedy(f'set FRAUD_ACCOUNTS_TOPIC={judged.name}')}"
            )
        return (
            f"topic {now.name} was re-created since its partition {partition} was judged (topic id "
            f"{judged.topic_id}, now {now.topic_id}), and its verdicts would have the ids of the "
            f"former ones: {_remedy()}"
        )
    return None


def _check_offset(settings: Settings, partition: int, judged: int, span: Span) -> None:
    """Compare the offset up to which a partition was judged with what it holds."""
    name = f"{settings.accounts_topic}-{partition}"
    if judged > span.end:
        raise ClusterError(
            f"{name} ends at offset {span.end}, but topic {changelog_topic(settings)} says that "
            f"offsets up to {judged} were judged, so the topic was re-created or lost records: "
            f"{_remedy()}"
        )
    if judged < span.begin:
        logger.warning(
            "%s begins at offset %d: %d offsets from %d on are gone and were not judged",
            name,
            span.begin,
            span.begin - judged,
            judged,
        )


def _remedy(first: str = "restore the former topic") -> str:
    return f"{other_topic_remedy(first=first)}; {RECONCILE_FIRST}"


def _topic_ids(settings: Settings) -> dict[str, str | None]:
    """The id of the accounts topic, if it exists; None in it where brokers give no ids."""
    topic = settings.accounts_topic
    try:
        return topic_ids(quiet(settings), [topic])
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be described: {reason(exc.args[0])}") from exc
