"""What one batch contributes to a transaction of its worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from confluent_kafka import TopicPartition
from faust.types import TP

from faust_transactions.commit.refusals import Output

__all__ = ["Part"]

#: Topic and partition of an output.
_PLACE = itemgetter(0, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A batch's outputs, its row, and the next offset of its source partition."""

    source: TP
    #: The next offset to process when it is committed.
    offset: int
    #: The record of the partition's row. It names its writer, see `stores/signature.py`.
    row: Output
    outputs: Sequence[Output]
    #: Whether the last committed row names this worker. Until it does, the row is delivered before
    #: the offset is sent.
    signed: bool = True
    #: The row that was committed last; None before the first.
    committed: Any = None
    #: The partitions that its records are written to.
    places: frozenset[TP] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the partitions once: there are many outputs, and few partitions."""
        places = set(map(_PLACE, self.outputs))
        places.add((self.row[0], self.row[1]))
        object.__setattr__(self, "places", frozenset(TP(*place) for place in places))

    @property
    def records(self) -> Sequence[Output]:
        """All that is written."""
        return [*self.outputs, self.row]

    @property
    def group_offset(self) -> TopicPartition:
        """What the group commits for the source partition."""
        return TopicPartition(self.source.topic, self.source.partition, self.offset)
