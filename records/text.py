"""Text from outside, made fit for a log line: no card numbers, no control characters."""

import re

from records.card import mask

# Twelve digits or more are read as a card number, whatever stands between them that is no letter
# (blanks, dashes, dots, line ends, underscores), and however much of it.
_CARD_LIKE = re.compile(r"\d(?:[\W_]*+\d){11,}")
_SEPARATOR = re.compile(r"[\W_]")


def scrub(text: str) -> str:
    """The text, of every card number in it no more than the last four digits."""
    return _CARD_LIKE.sub(lambda found: mask(_SEPARATOR.sub("", found.group())), text)


def shown(text: str, limit: int = 40) -> str:
    """One printable line of at most `limit` characters for a log: scrubbed, cut with an ellipsis.

    Characters that are not printable (line ends, terminal escapes) become "?", so that no account
    can forge a log line.
    """
    line = "".join(each if each.isprintable() else "?" for each in scrub(text))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
