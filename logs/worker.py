"""Faust's worker with every message of it a line in the log."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import traceback
from typing import Any

from faust_transactions import Worker

__all__ = ["LoggingWorker"]

logger = logging.getLogger("fraud_app")


class LoggingWorker(Worker):
    """Logs when it is ready, stops and has stopped; prints nothing besides the log.

    Begin the log (`logs.begin`) before it is executed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Faust's defaults are the streams as they were at its import, None where they were closed.
        super().__init__(*args, **{"stdout": sys.stdout, "stderr": sys.stderr, **kwargs})
        # Below info Faust shows progress by printing, and logs at debug level to drive it.
        self.spinner = None

    def _setup_logging(self) -> None:
        """Mode's own would begin the log a second time, with other handlers."""
        if self.redirect_stdouts:
            self._redirect_stdouts()

    async def on_startup_finished(self) -> None:
        """Faust logs it at a level that is off."""
        await super().on_startup_finished()
        if not self.should_stop:
            conf = self.app.conf
            where = f", web on {conf.web_bind}:{conf.web_port}" if conf.web_enabled else ""
            logger.info("started%s", where)

    async def on_stop(self) -> None:
        """At a signal, or because something crashed."""
        logger.info("stopping")
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """All that the worker ran has ended."""
        await super().on_shutdown()
        logger.info("stopped")

    def say(self, msg: str) -> None:
        """Faust's exclamations are no events."""
        if msg.strip():
            logger.debug("%s", msg.strip())

    carp = say

    async def on_sigusr1(self) -> None:
        """Log all stacks. mode's own prints local variables, and with them accounts and cards."""
        text = "what every thread and task is doing"
        record = logger.makeRecord(
            logger.name, logging.WARNING, "", 0, text, (), None, sinfo=stacks()
        )
        logger.handle(record)

    def on_sigusr2(self) -> None:
        """Refuse. A debugger would show the same, to a terminal that may not be there."""
        logger.warning("SIGUSR2: no debugger here, it would show card numbers; try SIGUSR1")


def stacks() -> str:
    """The stacks of all threads and of this loop's tasks, as text."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    out = io.StringIO()
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - public but for its name
        out.write(f"thread {names.get(ident, ident)}\n")
        out.writelines(traceback.format_stack(frame))
    for task in asyncio.all_tasks():
        out.write(f"task {task.get_name()}\n")
        task.print_stack(file=out)
    return out.getvalue()
