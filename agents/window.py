"""The outcomes of a partition's last 1,000 records, as its row in the table keeps them.

One bit a record, set when it could not become an account; the newest is the lowest. Written as
hexadecimal digits, and as an empty string when no bit is set, so that the rows of healthy
partitions stay small. What was before the first record counts as valid.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

SIZE: Final = 1_000
"""So many records are looked back at."""

_ALL: Final = (1 << SIZE) - 1


class Crossing(NamedTuple):
    """The first record with which too many are invalid: its index, and how many are with it."""

    at: int
    invalid: int


def slide(recent: str, size: int, invalid: Iterable[int]) -> str:
    """The outcomes after `size` more records, of which those with these indices are invalid.

    The indices are in ascending order, from 0 up to, not including, `size`.
    """
    bits, done = _bits(recent), 0
    for index in invalid:
        bits = _shifted(bits, index + 1 - done) | 1
        done = index + 1
    bits = _shifted(bits, size - done)
    return f"{bits:x}" if bits else ""


def crossing(recent: str, invalid: Iterable[int], allowed: int) -> Crossing | None:
    """Where more than `allowed` of the last records become invalid; None when they never do.

    Looked at record by record, so it does not depend on how the records are cut into batches. Only
    an invalid record can cross: one that is valid never does, whatever came before.
    """
    bits, done = _bits(recent), 0
    for index in invalid:
        bits = _shifted(bits, index + 1 - done) | 1
        done = index + 1
        if bits.bit_count() > allowed:
            return Crossing(index, bits.bit_count())
    return None


def _bits(recent: str) -> int:
    return int(recent, 16) if recent else 0


def _shifted(bits: int, by: int) -> int:
    return bits << by & _ALL if by < SIZE else 0
