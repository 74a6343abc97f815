"""Sums over the rows of all partitions, for every view of the counts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from records.hold import Hold, still_held
from records.outcome import OUTCOMES

ENDINGS: Final = (*OUTCOMES, "dead_letters")
"""How an account can end: the names of its counts in a row."""

_COUNTS: Final = (*ENDINGS, "next_offset")
_NO_HOLDS: Final[Mapping[int, Hold]] = {}


class Counted(Protocol):
    """What is summed of a row; `PartitionCounts` is one."""

    @property
    def authorized(self) -> int:
        """Verdicts that let the account pass."""

    @property
    def review(self) -> int:
        """Verdicts that somebody has to look at."""

    @property
    def unauthorized(self) -> int:
        """Verdicts that did not let it pass."""

    @property
    def dead_letters(self) -> int:
        """Records without a verdict."""

    @property
    def next_offset(self) -> int:
        """Everything below is done."""


class Row(Counted, Protocol):
    """A whole row, with when it was written and why; `PartitionCounts` is one."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """Verdicts by reason."""

    @property
    def codes(self) -> Mapping[str, int]:
        """Dead letters by code."""

    @property
    def hits(self) -> Mapping[str, int]:
        """Verdicts by rule that fired."""

    @property
    def shadow_hits(self) -> Mapping[str, int]:
        """Verdicts by shadow rule that fired."""

    @property
    def updated_at(self) -> int:
        """When, in ms since the epoch."""


def counts_document(
    rows: Mapping[int, Counted],
    partitions: Iterable[int] = (),
    holds: Mapping[int, Hold] = _NO_HOLDS,
) -> dict[str, Any]:
    """The public document of `/verdicts/`: the totals of the group, and each partition's.

    It has the partitions that have a row and those named besides, in the order of their numbers.
    Those that are held, of `holds`, have `held`.
    """
    numbers = sorted({*rows, *partitions})
    each: dict[str, dict[str, Any]] = {str(number): _counts(rows.get(number)) for number in numbers}
    for number, hold in still_held(holds, rows).items():
        if str(number) in each:
            each[str(number)]["held"] = hold.document()
    sums = {name: sum(one[name] for one in each.values()) for name in _COUNTS}
    return {
        **{outcome: sums[outcome] for outcome in OUTCOMES},
        "total": sum(sums[outcome] for outcome in OUTCOMES),
        "dead_letters": sums["dead_letters"],
        "partitions": each,
    }


def progress_document(
    rows: Mapping[int, Row],
    begins: Mapping[int, int],
    ends: Mapping[int, int],
    partitions: Iterable[int] = (),
    *,
    owners: Mapping[int, str] | None = None,
    holds: Mapping[int, Hold] = _NO_HOLDS,
) -> dict[str, Any]:
    """What the page and the terminal show of the group: counts, lag, owners, reasons, codes, hits.

    `begins` and `ends` are where the accounts of each partition begin and end, as far as known. A
    lag that is not known is None. `owners` says which worker owns a partition now; one that is not
    in it has no owner: "". Without it, as while partitions change hands, every owner
    is None: not known.
    """
    counts = counts_document(rows, {*ends, *partitions}, holds)
    each = [
        {
            **_partition(number, rows.get(number), lag(number, rows, begins, ends), counted),
            "owner": None if owners is None else owners.get(number, ""),
        }
        for number, counted in ((int(name), one) for name, one in counts["partitions"].items())
    ]
    lags = [one["lag"] for one in each if one["lag"] is not None]
    return {
        "counts": counts,
        "lag": sum(lags) if lags else None,
        "partitions": each,
        "reasons": summed(row.reasons for row in rows.values()),
        "codes": summed(row.codes for row in rows.values()),
        "hits": summed(row.hits for row in rows.values()),
        "shadow_hits": summed(row.shadow_hits for row in rows.values()),
    }


def lag(
    partition: int,
    rows: Mapping[int, Counted],
    begins: Mapping[int, int],
    ends: Mapping[int, int],
) -> int | None:
    """Offsets of a partition that are still to be judged; None where its end is not known.

    Of accounts there may be fewer among them, as markers of transactions, aborted records and gaps
    have offsets too, and only who reads on knows. What was deleted is not still to be judged. Row
    and end may have been looked at in either order: a difference below nothing is nothing.
    """
    if partition not in ends:
        return None
    done = rows[partition].next_offset if partition in rows else 0
    return max(0, ends[partition] - max(done, begins.get(partition, 0)))


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Reasons, codes or hits of all partitions together, the most frequent first."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common())


def _partition(
    number: int, row: Row | None, left: int | None, counted: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "partition": number,
        "updated_at": None if row is None else row.updated_at,
        "lag": left,
        **counted,
    }


def _counts(row: Counted | None) -> dict[str, int]:
    return {name: 0 if row is None else getattr(row, name) for name in _COUNTS}
