"""The payment network of a card, by its first digits.

Ranges as the networks publish them (ISO/IEC 7812 issuer identification numbers; Wikipedia, "Payment
card number", has them in one table). Where ranges of two networks overlap, the longer prefix wins.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["NETWORKS", "network"]

_RANGES: Final[tuple[tuple[str, int, int], ...]] = (
    ("visa", 4, 4),
    ("mastercard", 51, 55),
    ("mastercard", 2221, 2720),
    ("amex", 34, 34),
    ("amex", 37, 37),
    ("discover", 6011, 6011),
    ("discover", 644, 649),
    ("discover", 65, 65),
    ("diners", 36, 36),
    ("diners", 38, 39),
    ("diners", 300, 305),
    ("jcb", 3528, 3589),
    ("unionpay", 62, 62),
    ("maestro", 5018, 5018),
    ("maestro", 5020, 5020),
    ("maestro", 5038, 5038),
    ("maestro", 5893, 5893),
    ("maestro", 6304, 6304),
    ("maestro", 6759, 6759),
    ("maestro", 6761, 6763),
)

#: Every value of the field `network` but "".
NETWORKS: Final = tuple(dict.fromkeys(name for name, _, _ in _RANGES))

_BY_PREFIX: Final[dict[str, str]] = {
    str(number): name for name, first, last in _RANGES for number in range(first, last + 1)
}


@lru_cache(maxsize=10_000)
def network(prefix: str) -> str:
    """The network of a card that begins with these four digits; "" where none is known."""
    for length in range(4, 0, -1):
        found = _BY_PREFIX.get(prefix[:length])
        if found is not None:
            return found
    return ""
