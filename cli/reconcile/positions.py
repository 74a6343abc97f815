"""How far the stream says it has come in each partition, and in which topic."""

from collections.abc import Mapping
from typing import NamedTuple

from faust_transactions import TopicIdentity

from cluster import committed_offsets
from cluster.rows import last_rows, rows_in
from cluster.topics import changelog_topic
from config import Settings


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


def positions(settings: Settings) -> Mapping[int, Position]:
    """The position in each partition that has one: that of its row, else what the group committed.

    Raises ClusterError.
    """
    found = {p: Position(offset) for p, offset in committed_offsets(settings).items()}
    last = last_rows(settings)
    for partition, row in rows_in(changelog_topic(settings), last).items():
        topic = TopicIdentity.from_headers(last[partition].headers)
        found[partition] = Position(row.next_offset, topic)
    return found
