"""Ids that were read from a topic, where anybody may have written anything."""

import re

from records.text import shown

_LONGEST = 120
# An offset of twelve digits is a trillion records away, and could be a card number.
_NUMBERS = re.compile(r"-\d{1,5}-\d{1,11}")


def printable_id(text: str, accounts_topic: str) -> str:
    """The id as it may be shown: untouched when it can be one of ours, else without card numbers.

    The rule for any text would take the digits of a topic's name, a partition and an offset for a
    card number when they are twelve or more together.
    """
    if text.startswith(accounts_topic) and _NUMBERS.fullmatch(text, len(accounts_topic)):
        return text
    return shown(text, _LONGEST)
