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


class Row(Counted, Protocol):
    """A whole row, with who wrote it and why; `PartitionCounts` is one."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """Verdicts by reason."""

    @property
    def codes(self) -> Mapping[str, int]:
        """Dead letters by code."""

    @property
    def worker(self) -> str:
        """Who wrote the row."""

    @property
    def updated_at(self) -> int:
        """When, in ms since the epoch."""


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


def progress_document(
    rows: Mapping[int, Row], ends: Mapping[int, int], partitions: Iterable[int] = ()
) -> dict[str, Any]:
    """What the page and the terminal show of the group: counts, lag, who works on what, and why.

    `ends` is where the accounts of each partition end, as far as known. A lag that is not known is
    None.
    """
    counts = counts_document(rows, {*ends, *partitions})
    each = [
        _partition(int(number), rows.get(int(number)), ends.get(int(number)), counted)
        for number, counted in counts["partitions"].items()
    ]
    lags = [one["lag"] for one in each if one["lag"] is not None]
    return {
        "counts": counts,
        "lag": sum(lags) if lags else None,
        "partitions": each,
        "reasons": summed(row.reasons for row in rows.values()),
        "codes": summed(row.codes for row in rows.values()),
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


def _partition(
    number: int, row: Row | None, end: int | None, counted: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "partition": number,
        "worker": "" if row is None else row.worker,
        "updated_at": None if row is None else row.updated_at,
        "lag": lag(row, end),
        **counted,
    }


def _counts(row: Counted | None) -> dict[str, int]:
    return {name: 0 if row is None else getattr(row, name) for name in _COUNTS}
