"""Joining the group anew: what a worker does that may not own its partitions any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from faust_transactions.health import Rejoins
from faust_transactions.protocols import BatchSource
from faust_transactions.task import StreamTask

__all__ = ["Rejoiner"]

logger = logging.getLogger(__name__)


class Rejoiner:
    """Asks for one rebalance, for however many tasks.

    ``is_late`` tells when a rebalance is under way or the app stops; ``spawn`` runs a coroutine
    without waiting for it, as the rebalance waits for the very batch whose task asks for it.
    """

    def __init__(
        self,
        consumer: Callable[[], BatchSource],
        is_late: Callable[[], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], Any],
    ) -> None:
        #: Asked for and not begun yet.
        self.pending = False
        #: Since the last commit.
        self.rejoins = Rejoins()
        self._consumer = consumer
        self._is_late = is_late
        self._spawn = spawn

    def leave(self, task: StreamTask, reason: str) -> None:
        """Let a task go that cannot go on: what is known of the group may be old."""
        if task.leave():
            logger.warning("%s: joining the group anew: %s", task.name, reason)
            self.rejoin(reason)

    def rejoin(self, reason: str) -> None:
        """Have the group joined anew, unless that is under way."""
        if self.pending or self._is_late():
            return
        self.pending = True
        self.rejoins = Rejoins(self.rejoins.number + 1, reason)
        self._spawn(self._consumer().rejoin())

    def assigned(self) -> None:
        """The rebalance has come."""
        self.pending = False

    def committed(self) -> None:
        """A batch was committed: the rejoins before it have helped."""
        self.rejoins = Rejoins()
