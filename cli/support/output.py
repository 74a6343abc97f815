"""Standard output and standard error, whatever they are connected to."""

import codecs
import contextlib
import errno
import io
import os
from typing import IO, Any, TextIO

from rich.console import Console

#: What writing to a full device, a closed descriptor or a terminal that is gone raises.
OUTPUT_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.ENXIO}
)

#: For `Console.print`: a line of text as it is, however long.
PLAIN: Any = {"markup": False, "highlight": False, "soft_wrap": True}

# Wide enough for any table when the output is no terminal: a line that is cut is lost to grep.
_NO_TERMINAL_WIDTH = 240
_ERRORS = "fraud-app-plain"
# What `top`, progress bars and tables draw with, for encodings that lack it.
_PLAIN = str.maketrans("▁▂▃▄▅▆▇█━╸╺│─┃…", "__--==##---|-|~")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the error: the command's exit code is decided elsewhere."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def console(file: IO[str] | None) -> Console:
    """A console for this file; wide when it is no terminal."""
    made = _Console(file=file)
    return made if made.is_terminal else _Console(file=file, width=_NO_TERMINAL_WIDTH)


def prepare(*streams: TextIO | None) -> None:
    """Let characters that a stream's encoding lacks be replaced, instead of ending the command.

    Bars become `#`, `=` and `-`; letters become `?`. UTF-8 has them all.
    """
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors=_ERRORS)


def write_bytes(stream: IO[str] | None, content: bytes) -> None:
    """Write bytes that are UTF-8 text to a text stream, whatever its encoding.

    Raises OSError when there is no stream (`>&-`).
    """
    if stream is None:
        raise OSError(errno.EBADF, "standard output is closed")
    if isinstance(stream, io.TextIOWrapper):
        stream.flush()
        stream.buffer.write(content)
    else:
        stream.write(content.decode())


def write_text(stream: IO[str] | None, text: str) -> None:
    """Write text as the stream's encoding has it. Raises OSError when there is no stream."""
    if stream is None:
        raise OSError(errno.EBADF, "standard output is closed")
    stream.write(text)


def discard(*streams: TextIO | None) -> None:
    """Drop what these streams still hold and all that is written to them later.

    Python flushes them at exit, and would complain once more.
    """
    for stream in streams:
        if stream is None:
            continue
        # A stream that a test put there has no descriptor.
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(each if each.isascii() else "?" for each in text), error.end


codecs.register_error(_ERRORS, _replace)
