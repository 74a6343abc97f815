"""What the command lines print, also where standard output is closed, full or not UTF-8."""

import contextlib
import io
import os
import sys


class OutputError(Exception):
    """Standard output takes nothing more. Its text is one line."""


def prepare() -> None:
    """Escape characters that the terminal's encoding does not have, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Print a line on standard output. Raises OutputError."""
    try:
        print(line, flush=True)
    except OSError as exc:
        _give_up(1)
        raise OutputError(f"standard output cannot be written ({exc.strerror})") from None


def fail(line: str) -> int:
    """Print a line on standard error, where that is possible; 1, the exit code."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _give_up(2)
    return 1


def _give_up(descriptor: int) -> None:
    """Let Python's last flush of the stream succeed, which would complain a second time."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
