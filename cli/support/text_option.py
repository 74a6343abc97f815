"""Texts on a command line that say who did something, and why."""

import getpass

import click

from records.card import scrub_line
from rules.versions.publication import LONGEST_AUTHOR


class TextParameter(click.ParamType):
    """Text of at most so many characters, without card numbers: logs and lists show it."""

    name = "text"

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        # Bytes of a command line that are not UTF-8 come as lone surrogates.
        text = value.encode(errors="replace").decode()
        if len(text) > self._longest:
            self.fail(f"more than {self._longest:,} characters", param, ctx)
        if scrub_line(text) != text:
            self.fail("it holds what looks like a card number", param, ctx)
        return text


def author_name(given: str | None) -> str:
    """The author that was given, or the user of the operating system."""
    if given is not None:
        return given
    try:
        return getpass.getuser()[:LONGEST_AUTHOR]
    except (KeyError, OSError):  # a container's user often has no name
        return "unknown"
