"""Ids and names from a topic or a command line, where anything may have been written."""

import re
from collections import Counter
from typing import Final

from records.printable.text import shown
from records.replay import holds_a_card, is_id

OTHERS: Final = "(others)"
_LONGEST_ID: Final = 120
_MOST_NAMES: Final = 20
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")


def printable_id(text: str, accounts_topic: str) -> str:
    """The id as it may be printed: unchanged if it can be one of ours, else without card numbers.

    The rule for any text would mistake a topic's digits, partition and offset for a card number
    when they are twelve or more together.
    """
    ours = is_id(text, accounts_topic) and not holds_a_card(text)
    return text if ours else shown(text, _LONGEST_ID)


def printable_token(text: str) -> str:
    """An account token as it is, as digits in a row are chance in it; else without card numbers."""
    return text if _TOKEN.fullmatch(text) else shown(text, _LONGEST_ID)


def count_name(counter: Counter[str], name: str) -> None:
    """Count one more of this name; names beyond the first twenty are counted together."""
    counter[name if name in counter or len(counter) < _MOST_NAMES else OTHERS] += 1
