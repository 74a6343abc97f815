"""Counts by names that anybody may have invented."""

from collections import Counter
from typing import Final

OTHERS: Final = "(others)"
_MOST_NAMES: Final = 20


def count_name(counter: Counter[str], name: str) -> None:
    """Count one more of this name; names beyond the first twenty are counted together."""
    counter[name if name in counter or len(counter) < _MOST_NAMES else OTHERS] += 1
