"""Sets of record ids that take a bit each."""

import re
from collections.abc import Mapping

from cli.reading.offset_set import OffsetSet
from records import record_id

_NUMBERS = re.compile(r"([0-9]{1,9})-([0-9]{1,18})")


class IdSet:
    """A set of ids in which each id of an existing account takes a bit.

    `ends` are the ends of the partitions of `topic`, and bound the memory for it. Any other id
    takes an entry.
    """

    def __init__(self, topic: str, ends: Mapping[int, int]) -> None:
        self._begin = f"{topic}-"
        self._topic = topic
        self._ends = ends
        self._ours = {partition: OffsetSet() for partition in ends}
        self._others: set[str] = set()

    def __len__(self) -> int:
        return len(self._others) + sum(len(offsets) for offsets in self._ours.values())

    def __contains__(self, one: str) -> bool:
        place = self._place(one)
        return one in self._others if place is None else place[1] in self._ours[place[0]]

    def add(self, one: str) -> bool:
        """Add an id; False if it was in the set."""
        place = self._place(one)
        if place is not None:
            return self._ours[place[0]].add(place[1])
        before = len(self._others)
        self._others.add(one)
        return len(self._others) > before

    def _place(self, one: str) -> tuple[int, int] | None:
        if not one.startswith(self._begin):
            return None
        numbers = _NUMBERS.fullmatch(one, len(self._begin))
        if numbers is None:
            return None
        partition, offset = int(numbers[1]), int(numbers[2])
        known = offset < self._ends.get(partition, 0)
        # An id with leading zeros is another id.
        same = record_id(self._topic, partition, offset) == one
        return (partition, offset) if known and same else None
