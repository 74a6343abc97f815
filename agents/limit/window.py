"""Which of a partition's last 1,000 records became dead letters, as kept in the table's row.

One bit a record, set for a dead letter; the newest record is the lowest bit. Written as
hexadecimal digits, and as an empty string when no bit is set, so that the rows of healthy
partitions stay small. Records before the first one count as judged.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

SIZE: Final = 1_000
"""Records in the window."""

_ALL: Final = (1 << SIZE) - 1


class Crossing(NamedTuple):
    """The first record that is one dead letter too many: its index, and the count with it."""

    at: int
    invalid: int


def slide(window: str, size: int, invalid: Iterable[int]) -> str:
    """The window after `size` more records, of which those with these indices are dead letters.

    The indices ascend, from 0 to `size` - 1.
    """
    bits, done = _bits(window), 0
    for index in invalid:
        bits = _shifted(bits, index + 1 - done) | 1
        done = index + 1
    bits = _shifted(bits, size - done)
    return f"{bits:x}" if bits else ""


def crossing(window: str, invalid: Iterable[int], allowed: int) -> Crossing | None:
    """Where more than `allowed` records of the window become dead letters, or None.

    Checked record by record, so it does not depend on how the records are cut into batches. Only a
    dead letter can cross the limit: a judged record never does, whatever came before.
    """
    bits, done = _bits(window), 0
    for index in invalid:
        bits = _shifted(bits, index + 1 - done) | 1
        done = index + 1
        if bits.bit_count() > allowed:
            return Crossing(index, bits.bit_count())
    return None


def invalid_in(window: str) -> int:
    """How many records of the window are dead letters."""
    return _bits(window).bit_count()


def _bits(window: str) -> int:
    return int(window, 16) if window else 0


def _shifted(bits: int, by: int) -> int:
    return bits << by & _ALL if by < SIZE else 0
