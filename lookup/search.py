"""Binary search in a partition that is sorted by what its records are about. No Kafka."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Entry(NamedTuple, Generic[T]):
    """A record that counts in the search."""

    #: Its offset.
    position: int
    #: The offset of the account that it is about; -1 for one that comes before all.
    account: int
    found: T


Read = Callable[[int, int], Entry[T] | None]
"""The first entry from this offset on and before that one; None where there is none."""


def first_from(account: int, begin: int, end: int, read: Read[T]) -> Entry[T] | None:
    """The first entry in [begin, end) about this account or a later one; None if all are before.

    Entries are sorted by account. Offsets without an entry (markers, deleted records, records of
    others) may be anywhere. Reads about log2 of the offsets.
    """
    found = None
    while begin < end:
        middle = (begin + end) // 2
        entry = read(middle, end)
        if entry is not None and entry.account < account:
            begin = entry.position + 1
            continue
        end = middle
        if entry is not None:
            found = entry
    return found
