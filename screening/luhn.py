"""The checksum of card numbers: python-stdnum's, made cheap enough for every account.

Luhn's sum of a number is the sum of those of its blocks, when each block but the first has an even
length (the doubling falls on the same digits). So the library is asked once for each block of four
digits that comes along, 10,000 at most: 1 µs for a card instead of 5.
"""

from functools import cache

from stdnum import luhn

_LONGEST = 20

_sum_of_block = cache(luhn.checksum)


def is_valid(number: str) -> bool:
    """Whether the last digit is Luhn's; the same as `stdnum.luhn.is_valid`.

    The caller has checked that the number is 1 to 20 ASCII digits.
    """
    padded = number.zfill(_LONGEST)  # leading zeros add nothing
    total = (
        _sum_of_block(padded[0:4])
        + _sum_of_block(padded[4:8])
        + _sum_of_block(padded[8:12])
        + _sum_of_block(padded[12:16])
        + _sum_of_block(padded[16:20])
    )
    return total % 10 == 0
