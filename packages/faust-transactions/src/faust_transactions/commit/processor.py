"""Works a batch through its transaction: begin, the agent's block, commit, retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

from faust_transactions.batch import Batch
from faust_transactions.commit.committer import Committer
from faust_transactions.commit.failures import Failures
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
from faust_transactions.observe.failures import kind
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.protocols import BatchSource
from faust_transactions.sources.topics import stop
from faust_transactions.stores.signature import SIGNATURE
from faust_transactions.task import State, StreamTask
from faust_transactions.transaction import Transaction

__all__ = ["BatchProcessor", "Rows"]


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
        self._failures = Failures(consumer, rejoiner, metrics)
        self._capacity = capacity
        self._metrics = metrics
        self._stopping = stopping

    def assigned(self, tasks: Sequence[StreamTask]) -> None:
        """Take up new tasks: what the brokers refused is remembered for those that stay."""
        self._failures.assigned(tasks)

    @asynccontextmanager
    async def begin(self, batch: Batch) -> AsyncIterator[Transaction]:
        """See :meth:`Transactions.begin`."""
        origin = cast(Origin, batch.origin)
        task = origin.task
        transaction = empty = Transaction(batch, (), self._tables[batch.topic].default())
        waiting = time.monotonic()
        try:
            # 1. The agent works on one batch of a partition at a time, with the row that the batch
            #    before it leaves. That one may still be committed meanwhile.
            async with task.work_lock:
                is_wanted = await self._may_begin(batch, origin)
                started = time.monotonic()
                self._metrics.queue_seconds.observe(started - waiting)
                base = task.next_row
                transaction = Transaction(batch, batch.records, base) if is_wanted else empty
                try:
                    with task.block.run():
                        self._capacity.set()  # its partition no longer waits for the agent
                        yield transaction
                    if not is_wanted:
                        return
                    row = transaction.state.derive(next_offset=batch.next_offset)
                except Exception as exc:  # noqa: BLE001 - an agent may raise anything
                    self._failures.report(task, exc)
                    await self._failures.retry_after_commit(task, origin, kind(exc))
                    return
                worked = time.monotonic()
                await task.commit_lock.acquire()
                is_next = task.is_last_committed(base)
                if is_next:
                    task.expect(row, batch.next_offset)
            # 2. It is committed if its row is still the last committed one, else dropped.
            try:
                if is_next:
                    self._metrics.work_seconds.observe(worked - started)
                    if await self._commit(batch, task, transaction, row):
                        self._metrics.transaction_seconds.observe(time.monotonic() - worked)
                elif task.is_current(origin):  # the commit before it failed without a seek
                    await self._failures.retry(task, "the batch before it was not committed")
            except Exception as exc:  # noqa: BLE001 - a row that cannot be written, say
                await self._failures.fail(task, exc)
            finally:
                task.commit_lock.release()
        finally:
            transaction.release()
            batch.release()
            task.finished(origin)
            self._capacity.set()

    async def _may_begin(self, batch: Batch, origin: Origin) -> bool:
        """Whether the agent gets the batch: it is not stale, and begins where the last one ended.

        Stale: its partition was revoked, stopped or sought back after the fetch, or the worker
        stops. A batch that is out of order is fetched again. While a partition's batches fail, none
        is worked on ahead, or each try would repeat the agent's calls to a service.
        """
        await self._committer.wait_for_capacity()
        task = origin.task
        if self._stopping() or not task.is_current(origin):
            return False
        if task.failures or task.row is None:
            async with task.commit_lock:
                if task.is_current(origin) and task.row is None:
                    await self._begin_rows(task)
            if task.row is None or not task.is_current(origin):
                return False
        problem = out_of_order(batch, origin)
        if problem is None:
            return True
        await self._failures.retry_after_commit(task, origin, problem)
        return False

    # -- commit

    async def _commit(
        self, batch: Batch, task: StreamTask, transaction: Transaction, row: Any
    ) -> bool:
        # 1. All of it is written in one transaction, with other batches that are ready. The row is
        #    in it, and says which topic's offsets it counts.
        part = self._part(task, transaction.outputs, row)
        if not await self._written(task, part):
            return False
        transaction.committed = True
        # 2. The task and the table go on from there, unless the partition has gone meanwhile.
        if task.state is State.RUNNING:
            self._advance(task, part, row)
            self._failures.committed(task)
        # 3. What was committed is counted.
        self._metrics.batch_committed(batch.topic, transaction.records)
        return True

    async def _begin_rows(self, task: StreamTask) -> None:
        """Commit a partition's first row, without outputs.

        It says where the partition begins. Else only the group's offset would, and where the
        brokers lose the markers of the first batch (KAFKA-20734), a later transaction of the same
        producer may commit that offset without the batch.
        """
        try:
            row = self._tables[task.tp.topic].default().derive(next_offset=task.position)
            part = self._part(task, (), row)
            if await self._written(task, part) and task.state is State.RUNNING:
                self._advance(task, part, row)
        except Exception as exc:  # noqa: BLE001 - as for a batch
            await self._failures.fail(task, exc)

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
            await self._write(task, part)
        except Abandoned:
            pass
        except TimeoutError as exc:
            count("timeout").inc()
            self._failures.leave_all(task, str(exc))
        except StateMismatch as exc:
            count("state_mismatch").inc()
            self._failures.leave(task, str(exc))
        except Fenced as exc:
            count("fenced").inc()
            self._failures.leave_all(task, f"fenced: {exc}")
        except SourceMismatch as exc:
            count("source_mismatch").inc()
            stop(task, str(exc))
        except TransactionRefused as exc:
            count("refused").inc()
            self._failures.refused(task, str(exc))
            await self._failures.retry(task, str(exc))
        else:
            return True
        return False

    async def _write(self, task: StreamTask, part: Part) -> None:
        try:
            await self._committer.commit(task, part)
        except asyncio.CancelledError:
            # Its transaction may go on. The next restore reads in the row whether it was committed.
            self._failures.leave(task, "the agent was cancelled while its batch was committed")
            raise
        except Exception:
            task.withdraw()  # at once: what is worked on meanwhile is of no use
            raise


def out_of_order(batch: Batch, origin: Origin) -> str | None:
    """Why a batch must be fetched again; None when it begins where the last commit ended."""
    task = origin.task
    if not task.is_contiguous(origin):
        return "the agent skipped a batch"
    if task.next_position is not None and batch.first_offset < task.next_position:
        # Never dropped: such offsets may be those of a topic that was created again.
        task.doubt_source()
        return f"offset {batch.first_offset} was fetched, but {task.next_position} is the next one"
    return None
