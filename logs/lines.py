"""One line for each event: for people, or JSON for machines. No full card number in either.

The standard library and orjson do it. python-json-logger was looked at: time in milliseconds, card
numbers and text that is no UTF-8 would each have needed a method of its own here all the same.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from records.card import scrub_line

__all__ = ["HumanFormatter", "JsonFormatter"]

# What would end the line or act on the terminal. A tab is as harmless as a blank.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
# mode's way to say which service speaks: its name behind a dash for each of those above it.
_SERVICE: Final = re.compile(r"\[\^-*(.*?)\]: ")
_OURS: Final = ("time", "level", "logger", "message", "pid")
_NOT_EXTRA: Final = {*vars(logging.makeLogRecord({})), *_OURS, "asctime", "taskName"}
_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
_COLOURS: Final = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


class HumanFormatter(logging.Formatter):
    """`[time] [process] [LEVEL] message`; a traceback follows, indented.

    So every line that begins with a bracket is an event, and no other is. `coloured` is for
    terminals.
    """

    def __init__(self, *, coloured: bool = False) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, without a line end after it."""
        time = self.formatTime(record)
        message = _CONTROL.sub(_escaped, _message(record))
        if self._coloured and record.levelname in _COLOURS:
            message = f"\x1b[{_COLOURS[record.levelname]}m{message}\x1b[0m"
        line = f"[{time}] [{record.process}] [{record.levelname}] {message}"
        return "\n    ".join([line, *_traceback(self, record).splitlines()])


class JsonFormatter(logging.Formatter):
    """A JSON object: time (ISO 8601, UTC, ms), level, logger, message, pid, then what is `extra`.

    An exception's traceback and a stack are in one field, `traceback`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, without a line end after it."""
        time = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "pid": record.process,
        }
        for name, value in vars(record).items():
            if name not in _NOT_EXTRA:
                line[name] = scrub_line(value) if isinstance(value, str) else value
        if traceback := _traceback(self, record):
            line["traceback"] = traceback
        return _json(line)


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if found := _SERVICE.match(text):
        text = f"{found[1]}: {text[found.end() :]}"
    return scrub_line(text)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Not kept in the record as logging does, since another formatter may not mask it."""
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(record.stack_info)
    return scrub_line("\n".join(parts))


def _json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(
            line, default=lambda value: scrub_line(str(value)), option=_OPTIONS
        ).decode()
    except orjson.JSONEncodeError:
        # A lone surrogate, or what orjson takes for no value: as text then, but never nothing.
        fields = {name: _as_utf8(str(value)) for name, value in line.items() if name != "pid"}
        return orjson.dumps({**fields, "pid": line["pid"]}).decode()


def _as_utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _escaped(found: re.Match[str]) -> str:
    return ascii(found.group())[1:-1]
