"""Reads a card number from the terminal or standard input: on a command line others see it."""

from __future__ import annotations

import getpass
import warnings
from typing import Final, TextIO

from cli.support.errors import CommandError
from records.card import digits, is_well_formed, luhn_ok

#: Characters. The longest account record has 64 KiB.
_LONGEST: Final = 65_536


def read_card(stream: TextIO | None, messages: TextIO | None) -> str:
    """The number that somebody types without echo, or the one line of the stream.

    Raises CommandError, whose text does not repeat it.
    """
    is_terminal = stream is not None and stream.isatty()
    number = digits(_typed(messages) if is_terminal else _one_line(stream))
    if not number:
        raise CommandError("no card number was given: write it to standard input")
    return number


def doubt(number: str) -> str | None:
    """What speaks against this being a card number, in a line that does not repeat it.

    Accounts with such a number have verdicts too, so it is looked for all the same.
    """
    if not is_well_formed(number):
        return "What was given is no card number: 12 to 19 digits, not all the same."
    return None if luhn_ok(number) else "The check digit of the card number is wrong."


def _typed(messages: TextIO | None) -> str:
    try:
        with warnings.catch_warnings():
            # It would go on, with echo.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass("Card number (not shown): ", stream=messages)
    except EOFError:
        return ""
    except getpass.GetPassWarning:
        raise CommandError(
            "this terminal would show the card number: write it to standard input"
        ) from None


def _one_line(stream: TextIO | None) -> str:
    try:
        text = "" if stream is None else stream.read(_LONGEST + 1)
    except UnicodeDecodeError:
        raise CommandError("standard input is not UTF-8 text with a card number") from None
    lines = text.removeprefix("\ufeff").strip("\r\n").splitlines()
    if len(text) > _LONGEST or len(lines) > 1:
        raise CommandError("standard input has more than one card number: give one at a time")
    return lines[0] if lines else ""
