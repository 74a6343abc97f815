"""Waiting for calls of writers that wait for the brokers themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from faust_transactions.observe.failures import ReasonLog

__all__ = ["LONG_CALL", "Waiting", "wait_for_calls"]

#: Seconds after which calls that the brokers do not answer are logged.
LONG_CALL = 5.0
#: Seconds between looks at the writers.
LOOK_EVERY = 0.5


class Waiting(Protocol):
    """What is looked at of a writer; `TransactionalWriter` is one."""

    @property
    def transactional_id(self) -> str:
        """Its name in the log."""

    @property
    def waiting_for(self) -> str | None:
        """What its call under way waits for, None while it waits for nothing."""

    def stop(self) -> None:
        """Make the call under way raise Abandoned."""


async def wait_for_calls(
    writers: Sequence[Waiting],
    calls: Iterable[Awaitable[Any]],
    should_stop: Callable[[], bool],
    log: ReasonLog,
    long_call: float = LONG_CALL,
) -> None:
    """Wait for all calls of these writers; stop the writers when the app stops.

    After ``long_call`` seconds one line in the log says what they wait for. Raises what the first
    call that failed raised.
    """
    made = [asyncio.ensure_future(call) for call in calls]
    waiting = set(made)
    began = time.monotonic()
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=LOOK_EVERY)
        if should_stop():
            for writer in writers:
                writer.stop()
        elif (waited := time.monotonic() - began) >= long_call:
            _log(writers, waited, log)
    await asyncio.gather(*made)


def _log(writers: Sequence[Waiting], seconds: float, log: ReasonLog) -> None:
    waiting = [(each.transactional_id, why) for each in writers if (why := each.waiting_for)]
    if not waiting:
        return
    name, reason = waiting[0]
    others = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    text = "%s%s: waiting for the brokers for %.0f s, trying again: %s"
    log(reason, text, name, others, seconds, reason)
