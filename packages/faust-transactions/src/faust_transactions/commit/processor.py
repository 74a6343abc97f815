"""Works a batch through its transaction: begin, the agent's block, commit, retry."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

from faust.types import TP

from faust_transactions.batch import Batch
from faust_transactions.commit.committer import Committer
from faust_transactions.commit.part import Part
from faust_transactions.commit.refusals import Output
from faust_transactions.errors import (
    Abandoned,
    Fenced,
    SourceMismatch,
    StateMismatch,
    TransactionRefused,
)
from faust_transactions.fetch.fetching import Origin
from faust_transactions.group.rejoining import Rejoiner
from faust_transactions.observe.failures import ReasonLog, kind, report
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.protocols import BatchSource
from faust_transactions.sources.topics import stop
from faust_transactions.stores.signature import SIGNATURE
from faust_transactions.task import State, StreamTask
from faust_transactions.transaction import Transaction

__all__ = ["BatchProcessor", "Rows"]

logger = logging.getLogger(__name__)

FIRST_PAUSE, LAST_PAUSE = 0.2, 30.0


class Rows(Protocol):
    """The rows of one source topic: `PartitionTable`."""

    @property
    def changelog_topic_name(self) -> str:
        """The topic that the rows are written to."""

    def default(self) -> Any:
        """The row of a partition that has none yet."""

    def apply(self, partition: int, row: Any) -> None:
        """Put a committed row into the local store."""


class BatchProcessor:
    """Implements :meth:`Transactions.begin` for batches that the engine's consumer handed out."""

    def __init__(
        self,
        tables: Mapping[str, Rows],
        *,
        committer: Committer,
        consumer: Callable[[], BatchSource],
        rejoiner: Rejoiner,
        capacity: asyncio.Event,
        metrics: EngineMetrics,
        stopping: Callable[[], bool],
    ) -> None:
        self._tables = tables
        self._committer = committer
        self._consumer = consumer
        self._rejoiner = rejoiner
        self._capacity = capacity
        self._metrics = metrics
        self._stopping = stopping
        #: Why the brokers refused the last transaction of a partition; kept over a rebalance.
        self._refused: dict[TP, str] = {}
        self._refusal_logs: dict[str, ReasonLog] = {}

    def assigned(self, tasks: Sequence[StreamTask]) -> None:
        """Take up new tasks: what the brokers refused is remembered for those that stay."""
        owned = {task.tp for task in tasks}
        self._refused = {tp: reason for tp, reason in self._refused.items() if tp in owned}
        for task in tasks:
            task.refuse(self._refused.get(task.tp))

    @asynccontextmanager
    async def begin(self, batch: Batch) -> AsyncIterator[Transaction]:
        """See :meth:`Transactions.begin`."""
        origin = cast(Origin, batch.origin)
        task = origin.task
        waiting = time.monotonic()
        async with task.lock:
            started = time.monotonic()
            self._metrics.queue_seconds.observe(started - waiting)
            try:
                if self._stopping() or not task.is_current(origin):
                    yield self._empty_transaction(batch)
                    return
                problem = out_of_order(batch, origin)
                if problem is not None:
                    yield self._empty_transaction(batch)
                    await self._retry(task, problem)
                    return
                transaction = Transaction(batch, batch.records, self._row(batch, task))
                with task.body():
                    yield transaction
                if task.state is State.RUNNING:
                    self._metrics.work_seconds.observe(time.monotonic() - started)
                    await self._commit(batch, task, transaction)
            except Exception as exc:  # noqa: BLE001 - an agent may raise anything
                report(logger, f"{task.name}: the batch failed", exc)
                self._metrics.transactions.labels("failed").inc()
                await self._retry(task, kind(exc))
            finally:
                task.finished(origin)
                self._capacity.set()

    def _row(self, batch: Batch, task: StreamTask) -> Any:
        return self._tables[batch.topic].default() if task.row is None else task.row

    def _empty_transaction(self, batch: Batch) -> Transaction:
        """A transaction without records, for a batch that is stale or out of order.

        Stale: its partition was revoked, stopped or sought back after the fetch, or the worker
        stops. It is dropped; one that is out of order is fetched again.
        """
        return Transaction(batch, (), self._tables[batch.topic].default())

    # -- commit

    async def _commit(self, batch: Batch, task: StreamTask, transaction: Transaction) -> None:
        if task.row is None and not await self._begin_rows(task):
            return
        # 1. The row goes into the transaction, and says which topic's offsets it counts. A copy:
        #    an agent that assigns no state still holds the one that was committed last.
        row = transaction.state.derive(next_offset=batch.next_offset)
        part = self._part(task, transaction.outputs, row)
        # 2. All of it is written in one transaction, with other batches that are ready.
        started = time.monotonic()
        committed = await self._written(task, part)
        if not committed:
            return
        # 3. What was committed is counted, and the agent sees it.
        self._metrics.transaction_seconds.observe(time.monotonic() - started)
        self._metrics.batch_committed(batch.topic, transaction.records)
        transaction.committed = True
        if task.state is not State.RUNNING:
            return  # committed, but the partition has gone meanwhile
        # 4. The task and the table go on from there.
        self._advance(task, part, row)
        self._rejoiner.committed()
        self._accepted(task)

    async def _begin_rows(self, task: StreamTask) -> bool:
        """Commit a partition's first row, without outputs. False when that failed.

        It says where the partition begins. Else only the group's offset would, and where the
        brokers lose the markers of the first batch (KAFKA-20734), a later transaction of the same
        producer may commit that offset without the batch.
        """
        row = self._tables[task.tp.topic].default().derive(next_offset=task.position)
        part = self._part(task, (), row)
        if not await self._written(task, part) or task.state is not State.RUNNING:
            return False
        self._advance(task, part, row)
        return True

    def _advance(self, task: StreamTask, part: Part, row: Any) -> None:
        task.commit(row, part.offset, part.places, self._committer.transactional_id)
        self._tables[task.tp.topic].apply(task.tp.partition, row)

    def _part(self, task: StreamTask, outputs: Sequence[Output], row: Any) -> Part:
        signature = self._committer.transactional_id
        record: Output = (
            self._tables[task.tp.topic].changelog_topic_name,
            task.tp.partition,
            b"%d" % task.tp.partition,
            row.dumps(serializer="json"),
            [*task.source.headers(), (SIGNATURE, signature.encode())],
        )
        return Part(
            task.tp,
            row.next_offset,
            record,
            outputs,
            signed=task.signed_by == signature,
            committed=task.row,
        )

    async def _written(self, task: StreamTask, part: Part) -> bool:
        """Write a batch; False when that failed, and what follows from it was done."""
        count = self._metrics.transactions.labels
        try:
            await self._committer.commit(task, part)
        except Abandoned:
            pass
        except TimeoutError as exc:
            count("timeout").inc()
            self._leave(task, str(exc))
        except StateMismatch as exc:
            count("state_mismatch").inc()
            self._rejoiner.leave(task, str(exc))
        except Fenced as exc:
            count("fenced").inc()
            self._leave(task, f"fenced: {exc}")
        except SourceMismatch as exc:
            count("source_mismatch").inc()
            stop(task, str(exc))
        except TransactionRefused as exc:
            count("refused").inc()
            self._note_refused(task, str(exc))
            await self._retry(task, str(exc))
        else:
            return True
        return False

    # -- failures

    def _leave(self, task: StreamTask, reason: str) -> None:
        """Rejoin whatever the task's state: the writer can commit for no task any more."""
        self._rejoiner.leave(task, reason)
        self._rejoiner.rejoin(reason)

    def _note_refused(self, task: StreamTask, reason: str) -> None:
        self._refused[task.tp] = reason
        task.refuse(reason)
        self._forget_refusals()
        log = self._refusal_logs.setdefault(reason, ReasonLog(logger, logging.ERROR))
        log(reason, "%s: the brokers refuse its transactions: %s", task.name, reason)

    def _accepted(self, task: StreamTask) -> None:
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

    async def _retry(self, task: StreamTask, reason: str) -> None:
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


def out_of_order(batch: Batch, origin: Origin) -> str | None:
    """Why a batch must be fetched again; None when it begins where the last commit ended."""
    task = origin.task
    if not task.is_contiguous(origin):
        return "the agent skipped a batch"
    if task.position is not None and batch.first_offset < task.position:
        # Never dropped: such offsets may be those of a topic that was created again.
        task.doubt_source()
        return f"offset {batch.first_offset} was fetched, but {task.position} is the next one"
    return None
