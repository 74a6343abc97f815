"""Ids from outside: read from a topic, where anybody may have written anything, or from a file."""

from collections.abc import Iterable

import click

from records.replay import holds_a_card, is_id
from records.text import shown

IDS_FILE = click.File(encoding="utf-8-sig")
"""A file of ids as an option's type; some editors begin one with a byte-order mark."""

_LONGEST = 120


def printable_id(text: str, accounts_topic: str) -> str:
    """The id as it may be shown: untouched when it can be one of ours, else without card numbers.

    The rule for any text would take the digits of a topic's name, a partition and an offset for a
    card number when they are twelve or more together.
    """
    ours = is_id(text, accounts_topic) and not holds_a_card(text)
    return text if ours else shown(text, _LONGEST)


def ids_in(file: Iterable[str] | None) -> frozenset[str]:
    """One a line; blank lines and those that begin with # are passed over.

    Raises a usage error when it is no text.
    """
    try:
        lines = [line.strip() for line in file or ()]
    except UnicodeDecodeError:
        raise click.UsageError("--file is no text in UTF-8: it has one id a line") from None
    return frozenset(line for line in lines if line and not line.startswith("#"))
