"""The checksum of card numbers: python-stdnum's, made cheap enough for every account.

Luhn's sum of a number is the sum of those of its blocks, when each block but the first has an even
length (the doubling falls on the same digits). So the library is asked once for each block of four
digits, before the first card: 0.4 µs for a card instead of 5.
"""

from functools import cache

from stdnum import luhn


@cache
def _sums() -> bytes:
    """The sum of each block, by its number; 50 ms to make."""
    return bytes(luhn.checksum(f"{block:04d}") for block in range(10_000))


def is_valid(number: str) -> bool:
    """Whether the last digit is Luhn's; the same as `stdnum.luhn.is_valid`.

    The caller has checked that the number is 1 to 20 ASCII digits.
    """
    sums = _sums()
    rest = int(number)
    total = (
        sums[rest % 10_000]
        + sums[rest // 10_000 % 10_000]
        + sums[rest // 100_000_000 % 10_000]
        + sums[rest // 1_000_000_000_000 % 10_000]
        + sums[rest // 10_000_000_000_000_000]
    )
    return total % 10 == 0
