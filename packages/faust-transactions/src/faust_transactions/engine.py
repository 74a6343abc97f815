"""The engine: batched topics and one Kafka transaction per batch for a Faust app.

::

    engine = Engine(app, kafka={"bootstrap.servers": "localhost:9092"})
    counts = engine.table("counts", Counts)             # Counts: a Record with a field next_offset
    orders = engine.topic("orders", table=counts, outputs=["receipts"])

    async def count(batches):
        async for batch in batches:
            async with engine.begin(batch) as tx:
                for record in tx.records:
                    tx.send("receipts", receipt(record.value))
                tx.state = Counts(total=tx.state.total + len(tx.records))
            yield len(batch)

    app.agent(orders, name="count", concurrency=engine.concurrency)(count)

For every record of ``orders`` a reader in ``read_committed`` sees its output exactly once. How,
and what happens at a rebalance: docs/engine.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from faust_transactions import compat
from faust_transactions.app_settings import prepare
from faust_transactions.batch import Batch
from faust_transactions.consumer import OUTSTANDING, BatchConsumer, BatchSchema, BatchTransport
from faust_transactions.errors import (
    Abandoned,
    BatchingError,
    Fenced,
    StateMismatch,
    TransactionRefused,
)
from faust_transactions.failures import ReasonLog, kind, report
from faust_transactions.health import Health, Rejoins, health
from faust_transactions.kafka.hanging import HangingTransactionDetector
from faust_transactions.membership import explain_membership, passes
from faust_transactions.metrics import EngineMetrics
from faust_transactions.owners import owners
from faust_transactions.producer import Output
from faust_transactions.restore import TaskRestorer
from faust_transactions.stores.partition import PartitionTable, TransactionalTableManager
from faust_transactions.task import Origin, StreamTask
from faust_transactions.transaction import Transaction

__all__ = ["Engine"]

logger = logging.getLogger(__name__)

FIRST_PAUSE, LAST_PAUSE = 0.2, 30.0
#: Longest time (s) for a transaction, retries and aborts included, before the worker joins anew.
COMMIT_TIMEOUT = 20.0
#: Seconds between looks for transactions that hang; longer than any transaction takes.
LOOK_EVERY = 30.0


class Engine:
    """Give it the app before any agent is attached; it implements :class:`Transactions`.

    Args:
        app: the Faust app. Its transport and table manager are replaced, and settings that the
            engine depends on are set or checked (see `faust_transactions.app_settings`).
        kafka: librdkafka configuration for the transactional producers (addresses, security).
        max_records, max_bytes: bounds of a batch (one record may exceed the bytes).
        max_partitions: partitions that one worker works on at the same time.
        commit_timeout: seconds for a transaction, retries and aborts included, before the worker
            joins its group anew.
        setting_names: Faust setting -> the name by which the app's users know it, for the log.
    """

    def __init__(
        self,
        app: faust.App,
        kafka: dict[str, Any],
        *,
        max_records: int = 2_000,
        max_bytes: int = 1_000_000,
        max_partitions: int = 16,
        commit_timeout: float = COMMIT_TIMEOUT,
        setting_names: Mapping[str, str] | None = None,
        metrics: EngineMetrics | None = None,
    ) -> None:
        prepare(app, max_records)
        self.app = app
        self.kafka = kafka
        self.max_records = max_records
        self.max_bytes = max_bytes
        self.commit_timeout = commit_timeout
        #: Actors an agent needs so that no partition waits for another's.
        self.concurrency = OUTSTANDING * max_partitions
        self.metrics = metrics or EngineMetrics()
        #: The partitions owned now. Read it, do not write it.
        self.tasks: dict[TP, StreamTask] = {}
        self.metrics.owned.tasks = self.tasks
        #: Set when a partition can take another batch.
        self.capacity = asyncio.Event()
        self._tables: dict[str, PartitionTable] = {}
        self._outputs: dict[str, Sequence[str]] = {}
        self._restorer = TaskRestorer(app, kafka, self._tables, self._outputs)
        self._rejoining = False
        self._rejoins = Rejoins()
        #: Why the brokers refused the last transaction of a partition; kept over a rebalance.
        self._refused: dict[TP, str] = {}
        self._refusal_logs: dict[str, ReasonLog] = {}
        self._taken = False
        self._looks = HangingTransactionDetector()
        self._setting_names = setting_names or {}
        self._ending = False
        self._log_membership = ReasonLog(logger, logging.WARNING)
        app.timer(max(LOOK_EVERY, 1.5 * commit_timeout))(self._look_for_hanging)
        transport = BatchTransport(app.conf.broker_consumer, app)
        transport.engine = self
        app.transport = transport
        cast(Any, app.conf).TableManager = TransactionalTableManager

    def table(self, name: str, row: type[Any], **options: Any) -> PartitionTable:
        """Declare the table of the partitions' rows; ``row`` is a Record with ``next_offset``."""
        table = PartitionTable(
            self.app, name=name, key_type=cast(Any, int), value_type=row, default=row, **options
        )
        self.app.tables.add(table)
        return table

    def topic(
        self, name: str, *, table: PartitionTable, outputs: Sequence[str] = ()
    ) -> faust.Topic:
        """Declare a batched topic. ``table`` must not serve another topic.

        ``outputs`` are the topics that its batches are written to, in the partition's own number:
        a transaction whose end the brokers lost is ended there
        (see :mod:`faust_transactions.kafka.hanging`).
        """
        self._tables[name] = table
        self._outputs[name] = tuple(outputs)
        self.metrics.records.labels(name)  # there from the start, at 0
        # acks=False: the transaction commits the offset, Faust's own commits leave it alone.
        return cast(faust.Topic, self.app.topic(name, schema=BatchSchema(), acks=False))

    def handles(self, topic: str) -> bool:
        """Whether this topic is read in batches."""
        return topic in self._tables

    @property
    def not_ready_reason(self) -> str | None:
        """Why no batches are worked on now, in a few words; None when they are.

        A worker that has been left without partitions has nothing to object.
        """
        if not self._taken:
            return "waiting for partitions"
        if self.app.rebalancing or self._rejoining:
            return "rebalancing"
        return None

    @property
    def persistent_failure(self) -> str | None:
        """What goes wrong again and again, or does not end; None when nothing does."""
        found = self.health
        return found.text if found.level == "bad" else None

    @property
    def health(self) -> Health:
        """How the engine is, for people: see `faust_transactions.health`."""
        tasks = self.tasks.values()
        return health(self.not_ready_reason, tasks, self._rejoins, time.monotonic())

    def owners(self, topic: str) -> Mapping[int, str] | None:
        """Partition -> its owner's `owners.member_name`; None while they change hands."""
        return None if self.not_ready_reason else owners(self.app, topic)

    # -- an agent's batch

    @asynccontextmanager
    async def begin(self, batch: Batch) -> AsyncIterator[Transaction]:
        """See :meth:`Transactions.begin`."""
        origin = cast(Origin, batch.origin)
        task = origin.task
        waiting = time.monotonic()
        async with task.lock:
            started = time.monotonic()
            self.metrics.turn_seconds.observe(started - waiting)
            try:
                if not task.is_current(origin) or self.app.should_stop:
                    yield self._void(batch)
                    return
                if not task.is_contiguous(origin):
                    yield self._void(batch)
                    await self._retry(task, "a batch was not taken through its transaction")
                    return
                transaction = self._transaction(batch, task)
                async with _body(task):
                    yield transaction
                if transaction.records and not task.ended:
                    self.metrics.work_seconds.observe(time.monotonic() - started)
                    await self._commit(batch, task, transaction)
            except Exception as exc:  # noqa: BLE001 - an agent may raise anything
                report(logger, f"{task.name}: the batch failed", exc)
                self.metrics.transactions.labels("failed").inc()
                await self._retry(task, kind(exc))
            finally:
                task.finished(origin)
                self.capacity.set()

    def _transaction(self, batch: Batch, task: StreamTask) -> Transaction:
        records = batch.records
        done = task.position
        if done is not None and batch.first_offset < done:
            records = [record for record in records if record.offset >= done]
        state = task.state
        if state is None:
            state = self._tables[batch.topic].default()
        return Transaction(batch, records, state)

    def _void(self, batch: Batch) -> Transaction:
        return Transaction(batch, (), self._tables[batch.topic].default())

    async def _commit(self, batch: Batch, task: StreamTask, transaction: Transaction) -> None:
        table = self._tables[batch.topic]
        # A copy: an agent that assigns no state still holds the one that was committed last.
        state = transaction.state.derive(next_offset=batch.next_offset)
        transaction.send(
            table.changelog_topic_name,
            state.dumps(serializer="json"),
            b"%d" % batch.partition,
            headers=task.source.headers(),
        )
        places = {TP(output[0], output[1]) for output in transaction.outputs}
        started = task.committing_since = time.monotonic()
        aborted = task.writer.aborted
        try:
            async with asyncio.timeout(self.commit_timeout):
                await task.run(self._write, batch, task, transaction.outputs, places)
        except Abandoned:
            return
        except TimeoutError:
            # A call into librdkafka may never return, also when the brokers are back
            # (librdkafka#5456). Whether it still commits, the row will tell the next task.
            self.metrics.transactions.labels("timeout").inc()
            waited_for = task.writer.waiting_for
            task.writer.stop()
            if not task.ended:
                reason = f"no commit in {self.commit_timeout:g} s"
                await self._rejoin(task, f"{reason}: {waited_for}" if waited_for else reason)
            return
        except StateMismatch as exc:
            self.metrics.transactions.labels("lost").inc()
            await self._rejoin(task, str(exc))
            return
        except Fenced as exc:
            self.metrics.transactions.labels("fenced").inc()
            await self._rejoin(task, f"fenced: {exc}")
            return
        except TransactionRefused as exc:
            self.metrics.transactions.labels("refused").inc()
            self._note_refused(task, str(exc))
            await self._retry(task, str(exc))
            return
        finally:
            task.committing_since = None
            self.metrics.transactions.labels("aborted").inc(task.writer.aborted - aborted)
        self.metrics.transaction_seconds.observe(time.monotonic() - started)
        self.metrics.batch_committed(batch.topic, transaction.records)
        transaction.committed = True
        if task.ended:
            return  # committed, but the partition has gone meanwhile
        self._rejoins = Rejoins()
        task.failures = 0
        self._note_accepted(task)
        task.written = places
        task.state = state
        task.position = batch.next_offset
        table.apply(batch.partition, state)

    def _write(
        self, batch: Batch, task: StreamTask, outputs: Sequence[Output], places: set[TP]
    ) -> None:
        """Write a transaction to these partitions. Blocks: it runs in the task's thread."""
        coordinator = self.consumer.coordinator
        # Where a broker leaves in order, librdkafka tells of nothing; the group's member knows.
        if task.writer.disturbed or task.coordinator != coordinator:
            task.writer.renew()
            task.coordinator = coordinator
            self._restorer.check_row(task.tp, task.state)
        if task.written - places:
            self._restorer.check_before(task.tp)
        task.writer.write(
            outputs,
            batch.topic,
            batch.partition,
            batch.next_offset,
            partial(self._restorer.check_row, task.tp, task.state),
        )

    def _note_refused(self, task: StreamTask, reason: str) -> None:
        task.refused = self._refused[task.tp] = reason
        self._forget_refusals()
        log = self._refusal_logs.setdefault(reason, ReasonLog(logger, logging.ERROR))
        log(reason, "%s: the brokers refuse its transactions: %s", task.name, reason)

    def _note_accepted(self, task: StreamTask) -> None:
        if task.refused is None:
            return
        task.refused = None
        self._refused.pop(task.tp, None)
        logger.info("%s: the brokers accept its transactions again", task.name)
        self._forget_refusals()

    def _forget_refusals(self) -> None:
        """Let a reason that no partition has any more be logged at once when it comes back."""
        present = set(self._refused.values())
        self._refusal_logs = {why: log for why, log in self._refusal_logs.items() if why in present}

    async def _retry(self, task: StreamTask, reason: str) -> None:
        """Fetch again from what is committed, after a pause that grows."""
        if task.ended:
            return
        task.failures += 1
        task.problem = reason
        pause = min(FIRST_PAUSE * 2 ** min(task.failures - 1, 10), LAST_PAUSE)
        if task.refused is None:
            logger.warning("%s: fetching again in %.1f s: %s", task.name, pause, reason)
        await task.pause(pause)
        if not task.ended:
            await self.consumer.rewind(task)

    async def _rejoin(self, task: StreamTask, reason: str) -> None:
        """End a task that cannot go on, and join anew: what is known of the group may be old."""
        task.ended = True
        logger.warning("%s: joining the group anew: %s", task.name, reason)
        if self._rejoining or self.app.rebalancing or self.app.should_stop:
            return
        self._rejoining = True
        self._rejoins = Rejoins(self._rejoins.number + 1, reason)
        # Not awaited: the rebalance waits for this very batch to end.
        _ = self.app.add_future(self.consumer.rejoin())

    async def check_membership(self) -> None:
        """End the worker when it cannot be a member of its group, as nothing else would."""
        try:
            await self.consumer.check_membership()
        except ConsumerNotStarted:
            return
        except Exception as exc:  # noqa: BLE001 - the coordination may have ended by anything
            line = explain_membership(exc, self.app, self._setting_names)
            if passes(exc):
                self._log_membership(line, "%s; trying again", line)
            else:
                self._end(line)

    def _end(self, line: str) -> None:
        """End the worker with one line."""
        if not self._ending:
            self._ending = True
            logger.critical("%s", line)
            compat.end_app(self.app)

    async def _look_for_hanging(self) -> None:
        """Join anew when a transaction hangs, so that it is ended.

        Where nothing comes any more its records would else stay unseen.
        """
        if self.not_ready_reason is not None:
            return
        for source in await self._restorer.hanging(list(self.tasks), self._looks):
            task = self.tasks.get(source)
            if task is not None and not task.ended:
                await self._rejoin(task, "a transaction hangs")

    # -- rebalance

    @property
    def consumer(self) -> BatchConsumer:
        """The app's consumer; there is none before the worker has started it."""
        return cast(BatchConsumer, self.app.consumer)

    async def on_assigned(self, assigned: Iterable[TP]) -> None:
        """Own these partitions: fence the former owners, then read back what they committed.

        Waits for the broker as long as it takes, unless the app stops.
        """
        wanted = sorted(tp for tp in assigned if self.handles(tp.topic))
        await self.on_revoked(list(self.tasks))
        self._rejoining = False
        self.metrics.rebalances.inc()
        started = time.monotonic()
        coordinator = self.consumer.coordinator
        try:
            tasks = await self._restorer.of(wanted)
        except Abandoned:
            return
        except Fenced as exc:
            logger.warning("joining the group anew: fenced while partitions were restored: %s", exc)
            self._rejoining = True
            _ = self.app.add_future(self.consumer.rejoin())
            return
        except BatchingError as exc:
            self._end(f"cannot restore partitions: {exc}")
            return
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody must know
            # Without this the worker would stay in the group and do nothing.
            logger.error("cannot restore partitions: %s", exc)  # noqa: TRY400
            await self.app.crash(exc)
            return
        self._refused = {tp: why for tp, why in self._refused.items() if tp in wanted}
        for task in tasks:
            task.coordinator = coordinator
            task.refused = self._refused.get(task.tp)
            self.tasks[task.tp] = task
        self._taken = True
        self.metrics.tasks.set(len(self.tasks))
        self.metrics.takeover.observe(time.monotonic() - started)
        logger.info(
            "took over %s in %.2f s",
            ", ".join(task.name for task in tasks) or "no partition",
            time.monotonic() - started,
        )

    async def on_revoked(self, revoked: Iterable[TP]) -> None:
        """Give partitions up; returns when nothing of them is written any more."""
        leaving = [self.tasks.pop(tp) for tp in list(revoked) if tp in self.tasks]
        self.metrics.tasks.set(len(self.tasks))
        await asyncio.gather(*(task.end() for task in leaving))
        if leaving:
            logger.info("gave up %s", ", ".join(task.name for task in leaving))
        self.capacity.set()


@asynccontextmanager
async def _body(task: StreamTask) -> AsyncIterator[None]:
    """The agent's block: cancelled, and only it, when the task ends."""
    current = cast("asyncio.Task[Any]", asyncio.current_task())
    cancelling = current.cancelling()
    task.enter(current)
    task.working_since = time.monotonic()
    try:
        yield
    except asyncio.CancelledError:
        # As asyncio.timeout() does it: swallow the cancellation that was ours, and no other.
        if not task.ended or current.uncancel() > cancelling:
            raise
    finally:
        task.working_since = None
        task.leave(current)
