"""Ids that were read from a topic, where anybody may have written anything."""

from records.replay import is_id
from records.text import shown

_LONGEST = 120


def printable_id(text: str, accounts_topic: str) -> str:
    """The id as it may be shown: untouched when it can be one of ours, else without card numbers.

    The rule for any text would take the digits of a topic's name, a partition and an offset for a
    card number when they are twelve or more together.
    """
    return text if is_id(text, accounts_topic) else shown(text, _LONGEST)
