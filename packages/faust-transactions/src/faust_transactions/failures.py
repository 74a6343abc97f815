"""What the log may say of an exception that came out of an agent's block: all but its text.

An exception's text often quotes what was being worked on (`KeyError` does, and the repr of a
`UnicodeDecodeError` shows the whole record), and what is in a record is not for the log.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

from confluent_kafka import KafkaException

__all__ = ["kind", "report", "where"]


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
