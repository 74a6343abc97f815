"""Works a batch through its transaction: begin, the agent's block, commit, retry."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, cast

from faust.types import TP

from faust_transactions.batch import Batch
from faust_transactions.commit.producer import Output
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
from faust_transactions.protocols import BatchSource, RowChecks, SourceChecks
from faust_transactions.sources.topics import stop
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
        rows: RowChecks,
        sources: SourceChecks,
        consumer: Callable[[], BatchSource],
        rejoiner: Rejoiner,
        capacity: asyncio.Event,
        metrics: EngineMetrics,
        commit_timeout: float,
        stopping: Callable[[], bool],
    ) -> None:
        self._tables = tables
        self._rows = rows
        self._sources = sources
        self._consumer = consumer
        self._rejoiner = rejoiner
        self._capacity = capacity
        self._metrics = metrics
        self._commit_timeout = commit_timeout
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
        table = self._tables[batch.topic]
        # 1. The row goes into the transaction, and says which topic's offsets it counts. A copy:
        #    an agent that assigns no state still holds the one that was committed last.
        row = transaction.state.derive(next_offset=batch.next_offset)
        transaction.send(
            table.changelog_topic_name,
            row.dumps(serializer="json"),
            b"%d" % batch.partition,
            headers=task.source.headers(),
        )
        places = {TP(output[0], output[1]) for output in transaction.outputs}
        # 2. All of it is written in one transaction, in the task's thread.
        aborted = task.writer.aborted
        started = task.begin_commit()
        try:
            committed = await self._written(batch, task, transaction.outputs, places)
        finally:
            task.end_commit()
            self._metrics.transactions.labels("aborted").inc(task.writer.aborted - aborted)
        if not committed:
            return
        # 3. What was committed is counted, and the agent sees it.
        self._metrics.transaction_seconds.observe(time.monotonic() - started)
        self._metrics.batch_committed(batch.topic, transaction.records)
        transaction.committed = True
        if task.state is not State.RUNNING:
            return  # committed, but the partition has gone meanwhile
        # 4. The task and the table go on from there.
        task.commit(row, batch.next_offset, places)
        table.apply(batch.partition, row)
        self._rejoiner.committed()
        self._accepted(task)

    async def _written(
        self, batch: Batch, task: StreamTask, outputs: Sequence[Output], places: set[TP]
    ) -> bool:
        """Write a transaction; False when it failed, and what follows from that was done."""
        count = self._metrics.transactions.labels
        try:
            async with asyncio.timeout(self._commit_timeout):
                await task.run(self._write, batch, task, outputs, places)
        except Abandoned:
            pass
        except TimeoutError:
            # A call into librdkafka may never return, also when the brokers are back
            # (librdkafka#5456). The next task reads from the row whether it committed.
            count("timeout").inc()
            waited_for = task.writer.waiting_for
            task.writer.stop()
            reason = f"no commit in {self._commit_timeout:g} s"
            self._rejoiner.leave(task, f"{reason}: {waited_for}" if waited_for else reason)
        except StateMismatch as exc:
            count("state_mismatch").inc()
            self._rejoiner.leave(task, str(exc))
        except Fenced as exc:
            count("fenced").inc()
            self._rejoiner.leave(task, f"fenced: {exc}")
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

    def _write(
        self, batch: Batch, task: StreamTask, outputs: Sequence[Output], places: set[TP]
    ) -> None:
        """Write a transaction to these partitions. Blocks: it runs in the task's thread."""
        check_row = partial(self._rows.check_row, task.tp, task.row)
        # 1. A producer that lost a connection is replaced. Where a broker leaves in order,
        #    librdkafka reports nothing; the group's consumer does.
        coordinator = self._consumer().coordinator
        if task.writer.disturbed or task.coordinator != coordinator:
            task.writer.renew()
            task.renewed(coordinator)
            task.doubt_source()
            check_row()
        # 2. The offsets to be committed must be those of the row's topic.
        if not task.is_confirmed:
            self._sources.confirm(task)
        # 3. Where the last transaction wrote and this one does not, its markers must be there.
        if task.written - places:
            self._rows.check_before(task.tp)
        # 4. Outputs, row and offset become visible together.
        task.writer.write(outputs, batch.topic, batch.partition, batch.next_offset, check_row)

    # -- failures

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
