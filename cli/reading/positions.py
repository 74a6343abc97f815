"""How far the stream says it has come in each partition, and in which topic."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException
from faust_transactions import LastRecord, Span, TopicIdentity, topic_ids

from cluster import ClusterError, committed_offsets
from cluster.errors import reason
from cluster.reach import quiet
from cluster.reading.rows import last_rows, rows_in
from cluster.remedy import RECONCILE_FIRST, other_topic_remedy
from cluster.topics import changelog_topic
from config import Settings
from records import PartitionCounts


class Position(NamedTuple):
    """Everything below `next_offset` is judged; offsets are those of `topic`.

    `topic` is None where the stream does not say: version 0.1 did not.
    """

    next_offset: int
    topic: TopicIdentity | None = None

    def is_of(self, topic: TopicIdentity, end: int) -> bool:
        """Whether the position can be one in this topic, whose partition ends at `end`.

        Offsets only grow, so one behind the end was counted in a former topic.
        """
        same = self.topic is None or self.topic.is_same(topic)
        return same and self.next_offset <= end

    def is_surely_of(self, topic: TopicIdentity) -> bool:
        """Whether the stream says by the topic's id that the position is one in this topic."""
        return topic.topic_id is not None and self.topic == topic


def positions(settings: Settings) -> dict[int, Position]:
    """The position in each partition that has one: that of its row, else what the group committed.

    Raises ClusterError.
    """
    committed = {p: Position(offset) for p, offset in committed_offsets(settings).items()}
    last = last_rows(settings)
    return committed | positions_in(rows_in(changelog_topic(settings), last), last)


def positions_in(
    rows: Mapping[int, PartitionCounts], last: Mapping[int, LastRecord]
) -> dict[int, Position]:
    """The positions that rows hold; `last` are the records that they were read from."""
    return {
        partition: Position(row.next_offset, TopicIdentity.from_headers(last[partition].headers))
        for partition, row in rows.items()
    }


def accounts_identity(settings: Settings) -> TopicIdentity:
    """The accounts topic as it is now. Raises ClusterError."""
    topic = settings.accounts_topic
    try:
        return TopicIdentity(topic, topic_ids(quiet(settings), [topic]).get(topic))
    except KafkaException as exc:
        why = reason(exc.args[0])
        raise ClusterError(f"the id of topic {topic} cannot be read: {why}") from exc


def mismatches(
    at: Mapping[int, Position], topic: TopicIdentity, spans: Mapping[int, Span]
) -> dict[int, Position]:
    """The positions that are not in this topic, whose partitions have these spans.

    Of a topic that was re-created with fewer partitions, those of the partitions that are gone are
    among them. Empty where the topic does not exist.
    """
    nothing = Span(0, 0)
    return {
        partition: position
        for partition, position in at.items()
        if spans and not position.is_of(topic, spans.get(partition, nothing).end)
    }


def describe_mismatches(
    found: Mapping[int, Position], topic: TopicIdentity, judged: int | None = None
) -> str:
    """One line: what happened, where, and the choices. None of them judges an account twice.

    `judged` accounts of this topic have a verdict or dead letter; None where that was not read.
    """
    others = sorted({at.topic.name for at in found.values() if at.topic} - {topic.name})
    if others:
        named = (p for p, at in found.items() if at.topic is not None)
        return (
            f"this FRAUD_APP_ID judged topic {', '.join(others)} in {_partitions(named)}, not "
            f"{topic.name}: {_choices('set FRAUD_ACCOUNTS_TOPIC to that topic', judged)}"
        )
    return (
        f"the accounts topic {topic.name} was re-created ({_evidence(found, topic)}), and nothing "
        f"is judged in {_partitions(found)}: {_choices('restore the former topic', judged)}"
    )


def _choices(first: str, judged: int | None) -> str:
    if judged:
        return (
            f"{judged:,} of its accounts have a verdict or dead letter already, so do not judge "
            "the topic again. Accounts listed as missing have none: send those, and no others, to "
            "another accounts topic, judged under another FRAUD_APP_ID with outputs of its own"
        )
    if judged is None:
        return f"{other_topic_remedy(first=first)}; {RECONCILE_FIRST}"
    return other_topic_remedy(first=first)


def _evidence(found: Mapping[int, Position], topic: TopicIdentity) -> str:
    """What the first of the mismatches shows."""
    partition, position = min(found.items())
    if position.topic is not None and not position.topic.is_same(topic):
        then, now = position.topic.topic_id, topic.topic_id
        return f"topic id {then} in the row of partition {partition}, {now} now"
    return f"partition {partition} is judged up to offset {position.next_offset:,} and ends earlier"


def _partitions(numbers: Iterable[int]) -> str:
    found = sorted(numbers)
    named = ", ".join(map(str, found))
    return f"partition {named}" if len(found) == 1 else f"partitions {named}"
