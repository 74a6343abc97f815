"""Record ids that came from a topic or a command line, where anything may have been written."""

from records.replay import holds_a_card, is_id
from records.text import shown

_LONGEST = 120


def printable_id(text: str, accounts_topic: str) -> str:
    """The id as it may be printed: unchanged if it can be one of ours, else without card numbers.

    The rule for any text would mistake a topic's digits, partition and offset for a card number
    when they are twelve or more together.
    """
    ours = is_id(text, accounts_topic) and not holds_a_card(text)
    return text if ours else shown(text, _LONGEST)
