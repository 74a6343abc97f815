"""How the log is set up: its form, and which libraries may speak in it."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType
from typing import Any, Literal

from faust_transactions import quiet_libraries
from mode.utils.logging import level_number

from config import Settings
from logs.handlers import LogFile, LogStream
from logs.lines import HumanFormatter, JsonFormatter
from logs.rate_limit import RateLimitFilter

__all__ = ["begin", "format_fatal", "logging_config", "quieten"]

Format = Literal["human", "json"]

logger = logging.getLogger("fraud_app")

#: What others print: mode puts it in the log at info level.
PRINTED = "mode.redirect"


def logging_config(form: Format) -> dict[str, Any]:
    """For `faust.App(logging_config=…)`: Faust's own handlers with our lines.

    Faust's own commands log by it. Level and file stay those of the command line.
    """
    formatter: dict[str, Any] = {"()": JsonFormatter}
    coloured = formatter
    if form == "human":
        formatter = {"()": HumanFormatter}
        coloured = {"()": HumanFormatter, "coloured": sys.stderr.isatty()}
    # Faust names the formatter of a file default, that of standard error colored.
    return {"merge": True, "formatters": {"default": formatter, "colored": coloured}}


def begin(form: Format, level: str | int | None, file: str | None = None) -> None:
    """Set up the log of a process: its form, level and file (None: standard error).

    Warnings and uncaught exceptions are lines in it from now on. Raises OSError when the file
    cannot be opened.
    """
    handler = LogFile(file) if file else LogStream(sys.stderr)
    number = level_number(level) or logging.WARNING
    handler.setLevel(number)
    coloured = file is None and sys.stderr.isatty()
    handler.setFormatter(JsonFormatter() if form == "json" else HumanFormatter(coloured=coloured))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(number)
    quieten(number)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda found: _uncaught(
        found.exc_type, found.exc_value, found.exc_traceback, found.thread
    )
    sys.unraisablehook = lambda found: logger.error(
        "%s: %r",
        found.err_msg or "exception ignored",
        found.object,
        exc_info=found.exc_value,
    )


def quieten(level: int) -> None:
    """Keep the libraries quiet, as far as that goes with the level of the log."""
    quiet_libraries(level)
    logging.getLogger(PRINTED).setLevel(logging.INFO)
    if level >= logging.INFO:
        rate_limit = RateLimitFilter()
        for handler in logging.root.handlers:
            handler.addFilter(rate_limit)


def format_fatal(text: str, form: Format | None = None) -> str:
    """For `SystemExit`, which prints it: the text, or the log line that it is in JSON.

    Without a form, as where the settings cannot be used, the environment says which.
    """
    if form is None:
        form = "json" if os.environ.get(Settings.env_name("log_format")) == "json" else "human"
    if form == "human":
        return text
    record = logger.makeRecord(logger.name, logging.CRITICAL, "", 0, text, (), None)
    return JsonFormatter().format(record)


def _uncaught(
    kind: type[BaseException],
    exc: BaseException | None,
    trace: TracebackType | None,
    thread: threading.Thread | None = None,
) -> None:
    where = f" in thread {thread.name}" if thread else ""
    exc_info = (kind, exc or kind(), trace)
    logger.critical("uncaught exception%s: %s", where, kind.__name__, exc_info=exc_info)
