"""Which topic a row belongs to: name and topic id (KIP-516), kept in headers of the row's record.

Offsets mean something only in the topic that they were counted in. A topic that is deleted and
created again keeps its name and gets another id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["SOURCE_TOPIC", "SOURCE_TOPIC_ID", "TopicIdentity"]

#: Headers of a row's record in the changelog. A row without them was written by version 0.1.
SOURCE_TOPIC, SOURCE_TOPIC_ID = "source-topic", "source-topic-id"


class TopicIdentity(NamedTuple):
    """A topic's name and its id as ``kafka-topics.sh --describe`` prints it.

    ``topic_id`` is None where the brokers gave none.
    """

    name: str
    topic_id: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of a row that belongs to this topic."""
        made: list[tuple[str, bytes]] = [(SOURCE_TOPIC, self.name.encode())]
        if self.topic_id is not None:
            made.append((SOURCE_TOPIC_ID, self.topic_id.encode()))
        return made

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> TopicIdentity | None:
        """The topic that a row belongs to; None where its record has no such headers."""
        found = {name: value.decode(errors="replace") for name, value in headers if value}
        name = found.get(SOURCE_TOPIC)
        return None if name is None else cls(name, found.get(SOURCE_TOPIC_ID))

    def is_same(self, other: TopicIdentity) -> bool:
        """Whether both may be the same topic: an id that is not known contradicts nothing."""
        if self.name != other.name:
            return False
        return None in (self.topic_id, other.topic_id) or self.topic_id == other.topic_id

    def __str__(self) -> str:
        return self.name if self.topic_id is None else f"{self.name} (topic id {self.topic_id})"
