"""Rejoining the consumer group, when the worker may no longer own its partitions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from faust_transactions.observe.health import Rejoins
from faust_transactions.protocols import BatchSource
from faust_transactions.task import StreamTask

__all__ = ["Rejoiner"]

logger = logging.getLogger(__name__)


class Rejoiner:
    """Requests one rebalance for any number of tasks.

    ``is_late`` returns True when a rebalance is under way or the app stops. ``spawn`` runs a
    coroutine without waiting for it: the rebalance waits for the batch whose task requests it.
    """

    def __init__(
        self,
        consumer: Callable[[], BatchSource],
        is_late: Callable[[], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], Any],
    ) -> None:
        #: Requested and not begun yet.
        self.pending = False
        #: Since the last commit.
        self.rejoins = Rejoins()
        self._consumer = consumer
        self._is_late = is_late
        self._spawn = spawn

    def leave(self, task: StreamTask, reason: str) -> None:
        """End a task whose state may be outdated, and rejoin."""
        if task.leave():
            logger.warning("%s: rejoining the consumer group: %s", task.name, reason)
            self.rejoin(reason)

    def rejoin(self, reason: str) -> None:
        """Rejoin the group, unless that is under way."""
        if not self._is_late():
            self.reject_assignment(reason)

    def reject_assignment(self, reason: str) -> None:
        """Rejoin the group once the assignment that is being taken on has ended."""
        if self.pending:
            return
        self.pending = True
        self.rejoins = Rejoins(self.rejoins.number + 1, reason)
        self._spawn(self._consumer().rejoin())

    def assigned(self) -> None:
        """Note that the rebalance has happened."""
        self.pending = False

    def committed(self) -> None:
        """Note that a batch was committed, which ends the count of rejoins."""
        self.rejoins = Rejoins()
