"""Where lines go: a file that can be reopened, or standard error. Neither ever stops the worker."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from typing import Final

__all__ = ["LogFile", "LogStream", "reopen_log_file"]

_PAUSE: Final = 60.0


class LogStream(logging.StreamHandler):  # type: ignore[type-arg] # whatever standard error is
    """Standard error. A line that cannot be written there is lost silently."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Logging's own would write a traceback to the same place."""
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handleError(record)


class LogFile(logging.FileHandler):
    """A file in UTF-8, whatever the locale; characters that are none are escaped.

    Raises OSError when it cannot be opened. Later failures, as of a full disk, are reported on
    standard error once a minute.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._emitting = False
        self._reopen_wanted = False
        self._reported = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line. Called with the handler's lock held, as by `handle`."""
        self._emitting = True
        try:
            super().emit(record)
        finally:
            self._emitting = False
        if self._reopen_wanted:
            self._open_again()

    def close(self) -> None:
        """Close it; what the device does not take is lost."""
        with contextlib.suppress(OSError):
            super().close()

    def reopen(self) -> None:
        """Go on in a new file of the same name, after the former one was renamed.

        Safe in a signal handler: when a line is just being written, the new file comes after it.
        """
        self._reopen_wanted = True
        if self.lock is not None and self.lock.acquire(blocking=False):
            try:
                if not self._emitting:
                    self._open_again()
            finally:
                self.lock.release()

    def _open_again(self) -> None:
        self._reopen_wanted = False
        former = self.stream
        try:
            self.stream = self._open()
        except OSError as exc:
            self._report(f"cannot be opened again ({exc.strerror}); the former one is written on")
            return
        try:
            if former is not None:
                former.close()
        except OSError as exc:
            self._report(f"lost its last lines ({exc.strerror})")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Report what the file does not take; logging's own writes a traceback for each line."""
        exc = sys.exc_info()[1]
        if isinstance(exc, OSError):
            self._report(f"cannot be written ({exc.strerror}); lines are lost")
        else:
            super().handleError(record)

    def _report(self, what: str) -> None:
        now = time.monotonic()
        if now - self._reported < _PAUSE:
            return
        self._reported = now
        # Not sys.stderr, of which Faust makes lines of this very log.
        with contextlib.suppress(OSError, ValueError):
            print(f"log file {self.baseFilename} {what}", file=sys.__stderr__, flush=True)


def reopen_log_file() -> None:
    """Reopen the root logger's files; nothing where the log goes to standard error."""
    for handler in logging.root.handlers:
        if isinstance(handler, LogFile):
            handler.reopen()
