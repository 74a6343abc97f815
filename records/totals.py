"""Sums over the rows of all partitions: what every view of the counts is made of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

_COUNTS: Final = ("authorized", "unauthorized", "dead_letters", "next_offset")


class Counted(Protocol):
    """What is summed of a row; `PartitionCounts` is one."""

    @property
    def authorized(self) -> int:
        """Verdicts that let the account pass."""

    @property
    def unauthorized(self) -> int:
        """Verdicts that did not."""

    @property
    def dead_letters(self) -> int:
        """Records that could not become an account."""

    @property
    def next_offset(self) -> int:
        """Everything below is done."""


def counts_document(rows: Mapping[int, Counted], partitions: Iterable[int] = ()) -> dict[str, Any]:
    """The public document of `/verdicts/`: the totals of the group, and each partition's.

    It has the partitions that have a row and those named besides, in the order of their numbers.
    """
    numbers = sorted({*rows, *partitions})
    each = {str(number): _counts(rows.get(number)) for number in numbers}
    sums = {name: sum(one[name] for one in each.values()) for name in _COUNTS}
    return {
        "authorized": sums["authorized"],
        "unauthorized": sums["unauthorized"],
        "total": sums["authorized"] + sums["unauthorized"],
        "dead_letters": sums["dead_letters"],
        "partitions": each,
    }


def lag(row: Counted | None, end: int | None) -> int | None:
    """Accounts of a partition that are still to be judged; None where its end is not known.

    Row and end may have been looked at in either order: a difference below nothing is nothing.
    """
    done = 0 if row is None else row.next_offset
    return None if end is None else max(0, end - done)


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Reasons or codes of all partitions together, the most frequent first."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common())


def _counts(row: Counted | None) -> dict[str, int]:
    return {name: 0 if row is None else getattr(row, name) for name in _COUNTS}
