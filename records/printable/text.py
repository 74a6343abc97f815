"""Text from outside, made fit for a log line: no card numbers, no control characters."""

from records.card import scrub


def shown(text: str, limit: int = 40) -> str:
    """One printable line of at most `limit` characters: scrubbed, cut with an ellipsis.

    Characters that are not printable (line ends, terminal escapes) become "?", so that no account
    can forge a log line.
    """
    line = "".join(each if each.isprintable() else "?" for each in scrub(text))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
