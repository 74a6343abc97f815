"""A thread for blocking calls, which never keeps the process alive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["CallThread"]

Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class CallThread:
    """Runs calls one after the other.

    Not a ThreadPoolExecutor: the interpreter waits for those at its end, and a call into librdkafka
    may last as long as the brokers are away (librdkafka#5456: send_offsets_to_transaction ignores
    its time-out).
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a call in the thread, after those before it, and wait for its result.

        When the waiting task is cancelled, the call is made all the same.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Any] = loop.create_future()
        self._jobs.put((loop, result, call, args))
        return await result

    def close(self) -> None:
        """End the thread after the calls that are waiting; returns at once."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, result, call, args = job
            try:
                answer, error = call(*args), None
            except Exception as exc:  # noqa: BLE001 - it belongs to who waits for the result
                answer, error = None, exc
            try:
                loop.call_soon_threadsafe(_settle, result, answer, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more


def _settle(result: asyncio.Future[Any], answer: Any, error: Exception | None) -> None:
    if result.done():
        return
    if error is None:
        result.set_result(answer)
    else:
        result.set_exception(error)
