"""What the log may say of an exception that came out of an agent's block: all but its text.

An exception's text often quotes what was being worked on (`KeyError` does, and the repr of a
`UnicodeDecodeError` shows the whole record), and what is in a record is not for the log.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator

from confluent_kafka import KafkaException

__all__ = ["ReasonLog", "kind", "report", "where"]


#: Seconds until the same reason is logged again.
LOG_EVERY = 60.0


class ReasonLog:
    """Logs why something does not go on: each reason once, then again once a minute.

    A line for each change of the reason, as an outage may begin as one thing and go on as another.
    """

    def __init__(
        self,
        logger: logging.Logger,
        level: int,
        *,
        every: float = LOG_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._level = level
        self._every = every
        self._clock = clock
        self._reason: str | None = None
        self._logged = 0.0

    def __call__(self, reason: str, text: str, *args: object) -> None:
        """Log ``text`` unless it was logged for this reason less than a minute ago."""
        now = self._clock()
        if reason == self._reason and now < self._logged + self._every:
            return
        self._reason, self._logged = reason, now
        self._logger.log(self._level, text, *args)

    def forget(self) -> None:
        """Take the reason for gone: when it comes back, it is logged at once."""
        self._reason = None


def report(logger: logging.Logger, text: str, error: BaseException) -> None:
    """Log an error; in place of `logger.exception`, which tells the exception's text."""
    line = f"{text}: {kind(error)}"
    stack = where(error)
    logger.handle(logger.makeRecord(logger.name, logging.ERROR, "", 0, line, (), None, sinfo=stack))


def kind(error: BaseException) -> str:
    """The error's class in one line; of Kafka's own errors, which quote no record, the text too."""
    if isinstance(error, KafkaException):
        return str(error)
    if isinstance(error, BaseExceptionGroup):
        inner = sorted({kind(each) for each in error.exceptions})
        return f"{type(error).__qualname__} of {', '.join(inner)}"
    return type(error).__qualname__


def where(error: BaseException) -> str:
    """The tracebacks of the error, its causes and, of a group, its parts; no values, no texts."""
    parts = []
    for each in _related(error):
        parts.append(f"{kind(each)}, most recent call last:\n")
        parts += traceback.format_tb(each.__traceback__)
    return "".join(parts).rstrip()


def _related(error: BaseException) -> Iterator[BaseException]:
    """The error and whatever Python would show with it, each once, the first cause last."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting.append(each.__cause__)
        if not each.__suppress_context__:
            waiting.append(each.__context__)
