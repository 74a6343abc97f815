"""Calls to the brokers that are made until there is an answer, or the app stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from confluent_kafka import KafkaError, KafkaException

from faust_transactions.commit.refusals import Answer, answer_to, explain
from faust_transactions.commit.waiting import Waiting, wait_for_calls
from faust_transactions.errors import Abandoned, RestoreFailed
from faust_transactions.observe.failures import ReasonLog
from faust_transactions.thread import CallThread

__all__ = ["Calls", "PatientCalls"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Writers that are worked on at the same time, each with a client of its own.
SIDE_BY_SIDE = 16
#: Seconds before a question is asked again.
ASK_AGAIN = 1.0


class Calls(Protocol):
    """What a restore needs to ask the brokers: `PatientCalls`."""

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        """The answer to a blocking question."""

    async def each(self, writers: Sequence[Waiting], calls: Sequence[Callable[[], None]]) -> None:
        """Make one blocking call for each writer."""

    async def pause(self, seconds: float) -> None:
        """Wait."""


class PatientCalls:
    """Waits for the brokers as long as it takes. All raise :class:`Abandoned` when the app stops.

    What it waits for is in the log after a while.
    """

    def __init__(self, should_stop: Callable[[], bool], log: logging.Logger) -> None:
        self._should_stop = should_stop
        self._log_waiting = ReasonLog(log, logging.WARNING)
        # Not asyncio's threads: the interpreter waits for those at its end, brokers or not.
        self._thread = CallThread("restore")

    async def once(self, question: Callable[..., T], *args: Any) -> T:
        """Ask once; raises what the question does."""
        return cast(T, await self._thread.run(question, *args))

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask until there is an answer.

        Raises :class:`RestoreFailed` when asking again would not help.
        """
        while True:
            try:
                return await self.once(question, *args)
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if answer_to(error) is not Answer.REPEAT:
                    raise RestoreFailed(_explain(error)) from exc
                reason = error.str()
            except TimeoutError as exc:
                reason = str(exc)
            self._log_waiting(reason, "partitions cannot be restored yet, trying again: %s", reason)
            await self.pause(ASK_AGAIN)

    async def each(self, writers: Sequence[Waiting], calls: Sequence[Callable[[], None]]) -> None:
        """Make one call for each writer, up to `SIDE_BY_SIDE` of them at the same time."""
        for first in range(0, len(writers), SIDE_BY_SIDE):
            now = slice(first, first + SIDE_BY_SIDE)
            await self._side_by_side(writers[now], calls[now])

    async def _side_by_side(
        self, writers: Sequence[Waiting], calls: Sequence[Callable[[], None]]
    ) -> None:
        threads = [CallThread("restore") for _ in calls]
        made: list[Awaitable[Any]] = [
            thread.run(call) for thread, call in zip(threads, calls, strict=True)
        ]
        try:
            await wait_for_calls(writers, made, self._should_stop, self._log_waiting)
        finally:
            for thread in threads:
                thread.close()

    async def pause(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)
        if self._should_stop():
            raise Abandoned("the app stops")


def _explain(error: KafkaError) -> str:
    if error.code() == KafkaError._UNKNOWN_PARTITION:
        return f"{error.str()}: give it as many partitions as the source topic has, then restart"
    return explain(error)
