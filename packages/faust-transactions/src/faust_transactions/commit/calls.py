"""Calls that are repeated while their error is one that passes, until another thread stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

from faust_transactions.commit.refusals import Answer, answer_to
from faust_transactions.errors import Abandoned

__all__ = ["CALL_TIMEOUT", "FIRST_PAUSE", "LAST_PAUSE", "RepeatedCalls"]

T = TypeVar("T")

#: A blocking call returns at least this often (seconds), to check whether it was stopped.
CALL_TIMEOUT = 2.0
#: Pauses between tries grow from the first to the last of these (seconds).
FIRST_PAUSE, LAST_PAUSE = 0.05, 2.0


class RepeatedCalls:
    """Makes blocking calls until they succeed, fail for good, or :meth:`stop` is called."""

    def __init__(self, transactional_id: str) -> None:
        #: What the call under way waits for, and why; None while it waits for nothing.
        self.waiting_for: str | None = None
        self._transactional_id = transactional_id
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Make calls that wait in another thread raise :class:`Abandoned`."""
        self._stopping.set()

    def check(self) -> None:
        """Raise :class:`Abandoned` after :meth:`stop`."""
        if self._stopping.is_set():
            raise Abandoned(self._transactional_id)

    def pause(self, seconds: float) -> None:
        """Wait. Raises :class:`Abandoned` as soon as :meth:`stop` is called."""
        self._stopping.wait(seconds)
        self.check()

    def persist(self, what: str, call: Callable[[], T]) -> T:
        """Make a call again, with growing pauses, while its error is one that passes."""
        pause = FIRST_PAUSE
        try:
            while True:
                self.check()
                try:
                    return call()
                except KafkaException as exc:
                    error: KafkaError = exc.args[0]
                    if not error.retriable() or answer_to(error) is not Answer.REPEAT:
                        raise
                    self.waiting_for = f"{what}: {error.str()}"
                self.pause(pause)
                pause = min(pause * 2, LAST_PAUSE)
        finally:
            self.waiting_for = None
