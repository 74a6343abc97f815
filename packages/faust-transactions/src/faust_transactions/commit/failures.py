"""Handle a batch that was not committed: fetch it again, or rejoin the group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from faust.types import TP

from faust_transactions.fetch.fetching import Origin
from faust_transactions.group.rejoining import Rejoiner
from faust_transactions.observe.failures import ReasonLog, kind, report
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.protocols import BatchSource
from faust_transactions.task import State, StreamTask

__all__ = ["Failures"]

logger = logging.getLogger(__name__)

FIRST_PAUSE, LAST_PAUSE = 0.2, 30.0


class Failures:
    """Handles batches that were not committed.

    `retry` and `fail` are to be called while holding the task's `commit_lock`.
    """

    def __init__(
        self, consumer: Callable[[], BatchSource], rejoiner: Rejoiner, metrics: EngineMetrics
    ) -> None:
        self._consumer = consumer
        self._rejoiner = rejoiner
        self._count = metrics.transactions.labels
        #: Why the brokers refused the last transaction of a partition; kept over a rebalance.
        self._refused: dict[TP, str] = {}
        self._refusal_logs: dict[str, ReasonLog] = {}

    def assigned(self, tasks: Sequence[StreamTask]) -> None:
        """Take up new tasks: what the brokers refused is remembered for those that stay."""
        owned = {task.tp for task in tasks}
        self._refused = {tp: reason for tp, reason in self._refused.items() if tp in owned}
        for task in tasks:
            task.refuse(self._refused.get(task.tp))

    # -- fetch again

    def report(self, task: StreamTask, exc: Exception) -> None:
        """Log and count an unexpected error, such as one from the agent's block."""
        report(logger, f"{task.name}: the batch failed", exc)
        self._count("failed").inc()

    async def fail(self, task: StreamTask, exc: Exception) -> None:
        """Report what kept a batch from being committed, and fetch it again."""
        task.withdraw()
        self.report(task, exc)
        await self.retry(task, kind(exc))

    async def retry(self, task: StreamTask, reason: str) -> None:
        """Fetch again from what is committed, after a pause that grows."""
        if task.state is not State.RUNNING:
            return
        failures = task.fail(reason)
        pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LAST_PAUSE)
        if task.refused is None:
            logger.warning("%s: fetching again in %.1f s: %s", task.name, pause, reason)
        await task.pause(pause)
        if task.state is State.RUNNING:
            await self._consumer().rewind(task)

    async def retry_after_commit(self, task: StreamTask, origin: Origin, reason: str) -> None:
        """Fetch again once the commit under way has ended, unless it was sought back meanwhile."""
        async with task.commit_lock:
            if not task.is_current(origin):
                return
            try:
                await self.retry(task, reason)
            except Exception as exc:  # noqa: BLE001 - none may reach the agent
                await self.fail(task, exc)

    # -- rejoin

    def leave(self, task: StreamTask, reason: str) -> None:
        """Leave one task, and rejoin."""
        self._rejoiner.leave(task, reason)

    def leave_all(self, task: StreamTask, reason: str) -> None:
        """Rejoin whatever the task's state: the writer can commit for no task any more."""
        self._rejoiner.leave(task, reason)
        self._rejoiner.rejoin(reason)

    # -- what the brokers refuse

    def refused(self, task: StreamTask, reason: str) -> None:
        """Log a reason once, however many partitions have it, and remember it."""
        self._refused[task.tp] = reason
        task.refuse(reason)
        self._forget_refusals()
        log = self._refusal_logs.setdefault(reason, ReasonLog(logger, logging.ERROR))
        log(reason, "%s: the brokers refuse its transactions: %s", task.name, reason)

    def committed(self, task: StreamTask) -> None:
        """Note that the brokers accept the partition's transactions, and the worker its place."""
        self._rejoiner.committed()
        if task.refused is None:
            return
        task.refuse(None)
        self._refused.pop(task.tp, None)
        logger.info("%s: the brokers accept its transactions again", task.name)
        self._forget_refusals()

    def _forget_refusals(self) -> None:
        """Let a reason that no partition has any more be logged at once when it comes back."""
        present = set(self._refused.values())
        self._refusal_logs = {why: log for why, log in self._refusal_logs.items() if why in present}
