"""The engine: batched topics for a Faust app, each batch in one Kafka transaction.

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
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import faust
from faust.types import TP

from faust_transactions.app_settings import prepare
from faust_transactions.batch import Batch
from faust_transactions.commit.committer import Committer
from faust_transactions.commit.own_writer import OwnWriter
from faust_transactions.commit.processor import BatchProcessor
from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.commit.shared import SharedTransactions
from faust_transactions.errors import Abandoned, BatchingError, Fenced
from faust_transactions.fetch.consumer import BatchConsumer, BatchSchema, BatchTransport
from faust_transactions.fetch.fetching import OUTSTANDING
from faust_transactions.group.membership import MembershipCheck
from faust_transactions.group.owners import owners
from faust_transactions.group.rejoining import Rejoiner
from faust_transactions.kafka.hanging import HangingTransactionDetector
from faust_transactions.kafka.source_brokers import SourceBrokers
from faust_transactions.observe.health import Health, health
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.observe.names import partition_names
from faust_transactions.restore.restorer import TaskRestorer
from faust_transactions.sources.losses import Losses
from faust_transactions.sources.topics import SourceTopics, source_health
from faust_transactions.stores.partition import PartitionTable, TransactionalTableManager
from faust_transactions.task import State, StreamTask
from faust_transactions.thread import CallThread
from faust_transactions.transaction import Transaction

__all__ = ["Engine"]

logger = logging.getLogger(__name__)

#: Longest time (s) for a transaction, retries and aborts included, before the worker rejoins.
COMMIT_TIMEOUT = 20.0
#: Longest wait (s) for a transaction under way when partitions are revoked.
END_TIMEOUT = 3.0
#: Seconds between checks for hanging transactions; longer than any transaction takes.
HANGING_CHECK_INTERVAL = 30.0
#: Seconds between checks whether the rows name this app's topics only.
ROWS_CHECK_INTERVAL = 10.0
#: Seconds between checks of the source topics: were they created again, did they lose records.
SOURCE_CHECK_INTERVAL = 2.0


class Engine:
    """Give it the app before any agent is attached; it implements :class:`Transactions`.

    Args:
        app: the Faust app. Its transport and table manager are replaced, and settings that the
            engine depends on are set or checked (see `faust_transactions.app_settings`).
        kafka: librdkafka configuration for the transactional producer (addresses, security).
        max_records, max_bytes: bounds of a batch (one record may exceed the bytes).
        max_partitions: partitions that one worker works on at the same time.
        commit_timeout: seconds for a transaction, retries and aborts included, before the worker
            rejoins its group.
        setting_names: Faust setting -> the name by which the app's users know it, for the log.
        choices: what an operator can do about a partition whose topic was created again, for the
            log: see `recreated_topic_remedy`, which is also the default.
        diagnose: called in a thread before the worker ends as partitions cannot be restored; may
            return a line that names cause and remedy in the app's words. May block for seconds.
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
        choices: str | None = None,
        diagnose: Callable[[], str | None] | None = None,
        metrics: EngineMetrics | None = None,
    ) -> None:
        prepare(app, max_records)
        self.app = app
        self.kafka = kafka
        self.max_records = max_records
        self.max_bytes = max_bytes
        #: Actors an agent needs so that no partition waits for another's.
        self.concurrency = OUTSTANDING * max_partitions
        self.metrics = metrics or EngineMetrics()
        #: Set when a partition can take another batch, or fewer batches wait for the agent.
        self.capacity = asyncio.Event()
        self._tasks: dict[TP, StreamTask] = {}
        self.metrics.owned.tasks = self._tasks
        self._tables: dict[str, PartitionTable] = {}
        self._outputs: dict[str, Sequence[str]] = {}
        self._assigned_once = False
        self._hanging = HangingTransactionDetector()
        self._restorer = TaskRestorer(app, kafka, self._tables, self._outputs, self._group_members)
        self._sources = SourceTopics(
            SourceBrokers(kafka), Losses(self.metrics.lost_offsets), choices
        )
        self._rejoiner = Rejoiner(
            lambda: self.consumer, lambda: app.rebalancing or app.should_stop, app.add_future
        )
        self._writer = OwnWriter(app.conf.id, self._new_writer, self._restorer.fence)
        self._committer = Committer(
            SharedTransactions(
                rows=self._restorer,
                sources=self._sources,
                consumer=lambda: self.consumer,
                tasks=self._tasks,
            ),
            timeout=commit_timeout,
            on_aborted=self.metrics.transactions.labels("aborted").inc,
        )
        self._processor = BatchProcessor(
            self._tables,
            committer=self._committer,
            consumer=lambda: self.consumer,
            rejoiner=self._rejoiner,
            capacity=self.capacity,
            metrics=self.metrics,
            stopping=lambda: app.should_stop,
        )
        self._diagnose = diagnose
        self._membership = MembershipCheck(app, lambda: self.consumer, setting_names or {})
        repeat(app, SOURCE_CHECK_INTERVAL, self._watch_sources)
        repeat(app, max(HANGING_CHECK_INTERVAL, 1.5 * commit_timeout), self._check_for_hanging)
        repeat(app, ROWS_CHECK_INTERVAL, self._check_rows)
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

    def begin(self, batch: Batch) -> AbstractAsyncContextManager[Transaction]:
        """See :meth:`Transactions.begin`."""
        return self._processor.begin(batch)

    def handles(self, topic: str) -> bool:
        """Whether this topic is read in batches."""
        return topic in self._tables

    # -- state

    @property
    def tasks(self) -> Mapping[TP, StreamTask]:
        """The partitions owned now."""
        return self._tasks

    @property
    def not_ready_reason(self) -> str | None:
        """Reason processing is suspended, or None. A worker without partitions is ready."""
        if not self._assigned_once:
            return "waiting for partitions"
        if self.app.rebalancing or self._rejoiner.pending:
            return "rebalancing"
        return None

    @property
    def health(self) -> Health:
        """Severity and a one-line summary: see `faust_transactions.observe.health`."""
        tasks = self._tasks.values()
        found = health(self.not_ready_reason, tasks, self._rejoiner.rejoins, time.monotonic())
        return source_health(tasks, self._sources.losses, found)

    def owners(self, topic: str) -> Mapping[int, str] | None:
        """Partition -> its owner's `owners.member_name`; None while they change hands."""
        return None if self.not_ready_reason else owners(self.app, topic)

    # -- what is repeated

    async def _watch_sources(self) -> None:
        """Stop partitions whose topic was created again; report records that retention deleted."""
        if self.not_ready_reason is not None:
            return
        if any(task.state is State.LEAVING for task in self._tasks.values()):
            # It left while a rebalance was ending, and requested none.
            self._rejoiner.reject_assignment("a partition was left as a rebalance ended")
            return
        await self._sources.watch(list(self._tasks.values()))

    async def _check_for_hanging(self) -> None:
        """Rejoin when a transaction hangs: the restore aborts it, its records are processed again.

        Without this they would stay invisible as long as no further record arrives.
        """
        if self.not_ready_reason is not None:
            return
        for source in await self._restorer.hanging(list(self._tasks), self._hanging):
            task = self._tasks.get(source)
            if task is not None:
                self._rejoiner.leave(task, "a transaction hangs")

    async def _check_rows(self) -> None:
        """Stop tasks whose rows another worker of this app id writes for another topic."""
        if self.not_ready_reason is not None:
            return
        running = [task for task in self._tasks.values() if task.state is State.RUNNING]
        for task, other in (await self._restorer.foreign_rows(running)).items():
            self._sources.stop_foreign(task, other)

    async def check_membership(self) -> None:
        """End the worker when it cannot be a member of its group."""
        await self._membership.check()

    # -- what the consumer reports

    @property
    def consumer(self) -> BatchConsumer:
        """The app's consumer; there is none before the worker has started it."""
        return cast(BatchConsumer, self.app.consumer)

    async def _group_members(self) -> Collection[str] | None:
        return await self.consumer.group_members()

    def on_out_of_range(self, task: StreamTask) -> None:
        """Decide where a partition goes on whose next offset the broker does not have."""
        if task.wait_for_range():
            _ = self.app.add_future(self._sources.resolve_range(task, self.consumer))

    async def on_assigned(self, assigned: Iterable[TP]) -> None:
        """Own these partitions: end what former owners have open, read back what was committed.

        Waits for the broker as long as it takes, unless the app stops.
        """
        wanted = sorted(tp for tp in assigned if self.handles(tp.topic))
        await self.on_revoked()
        self._rejoiner.assigned()
        self.metrics.rebalances.inc()
        started = time.monotonic()
        try:
            tasks = await self._restored(wanted)
        except Abandoned:
            return
        except Fenced as exc:
            logger.warning(
                "rejoining the consumer group: fenced while partitions were restored: %s", exc
            )
            self._writer.leave()  # it may be the one that was fenced
            self._rejoiner.reject_assignment(f"fenced: {exc}")
            return
        except BatchingError as exc:
            self._membership.end(await self._cause(f"cannot restore partitions: {exc}"))
            return
        except Exception as exc:  # noqa: BLE001 - end the worker whatever it is
            # Without this the worker would stay in the group and do nothing.
            logger.error("cannot restore partitions: %s", exc)  # noqa: TRY400
            await self.app.crash(exc)
            return
        self._tasks.update((task.tp, task) for task in tasks)
        self._assigned_once = True
        self.metrics.tasks.set(len(self._tasks))
        self.metrics.restore.observe(time.monotonic() - started)
        logger.info(
            "restored %s in %.2f s",
            partition_names(wanted) or "no partition",
            time.monotonic() - started,
        )

    async def _cause(self, line: str) -> str:
        """The line by which the worker ends: the app's, or this one where it has none."""
        if self._diagnose is None:
            return line
        try:
            found: str | None = await CallThread("diagnose").run(self._diagnose)
        except Exception as exc:  # noqa: BLE001 - the worker ends either way
            logger.debug("no diagnosis: %r", exc)
            return line
        return found or line

    async def _restored(self, wanted: Sequence[TP]) -> list[StreamTask]:
        coordinator = self.consumer.coordinator  # before the writer has a producer
        member = await self._writer.join(*await self.consumer.group_member())
        tasks = [StreamTask(tp, producer=member.writer.producers) for tp in wanted]
        # 1. No former owner commits any more: see docs/engine.md. Then the rows are final.
        rows, found = await asyncio.gather(
            self._restorer.read_back(tasks, member.writer),
            self._sources.look(tasks, lambda: self.app.should_stop),
        )
        for task in tasks:
            task.identify(found.ids.get(task.tp.topic))
            self._sources.losses.watch(task.tp)
        self._restorer.restore(tasks, rows)
        self._committer.assigned(member, coordinator)
        self._processor.assigned(tasks)
        # 2. A row is worth something only if its topic is still the same.
        self._sources.check_restored(tasks, found)
        return tasks

    def _new_writer(self, name: str) -> TransactionalWriter:
        changelogs = [table.changelog_topic_name for table in self._tables.values()]
        return TransactionalWriter(self.kafka, name, first_topic=next(iter(changelogs), None))

    async def on_stop(self) -> None:
        """Close all tasks, as the app stops, and the writer: what it holds open is aborted."""
        await self.on_revoked()
        if (writer := self._writer.detach()) is not None:
            await self._committer.close(writer, END_TIMEOUT)

    async def on_revoked(self) -> None:
        """Close all tasks; returns when the worker writes nothing any more.

        Rebalances are eager. A transaction is waited for also where no task is left: a stop has
        closed them then, and a rebalance that begins meanwhile must not go on before its end.
        """
        leaving = list(self._tasks.values())
        self._tasks.clear()
        self.metrics.tasks.set(0)
        for task in leaving:
            task.close()
        if not await self._committer.finish(END_TIMEOUT):
            self._writer.leave()
        if leaving:
            logger.info("revoked %s", partition_names(task.tp for task in leaving))
        self.capacity.set()


def repeat(app: faust.App, pause: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work while the app runs, with ``pause`` seconds between two runs.

    Not a timer of Faust's: that warns of each run that takes longer than the interval, as all of
    these do while the brokers are away.
    """

    async def repeated() -> None:
        while not app.should_stop:
            await app.sleep(pause)
            await work()

    app.task(repeated)
