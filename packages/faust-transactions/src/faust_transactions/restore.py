"""Restore assigned partitions: fence the former owners, then read back what they committed.

Always in this order: a former owner that is not fenced could commit after the row was read. In
between, hanging transactions are aborted (see :mod:`faust_transactions.kafka.hanging`): their rows
are not read, so their records are processed again, and the first outputs must not become visible
too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import faust
from confluent_kafka import KafkaError, KafkaException
from faust.types import TP

from faust_transactions.commit.client import group_metadata
from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.commit.refusals import Answer, answer_to, explain
from faust_transactions.commit.waiting import wait_for_calls
from faust_transactions.errors import (
    Abandoned,
    Fenced,
    RestoreFailed,
    StateMismatch,
    TransactionRefused,
)
from faust_transactions.kafka.hanging import HangingTransactionDetector, OpenTransactions
from faust_transactions.kafka.tail import LastRecord, LastRecords, read_last
from faust_transactions.observe.failures import ReasonLog, kind
from faust_transactions.protocols import Writer
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.partition import PartitionTable
from faust_transactions.task import StreamTask
from faust_transactions.thread import CallThread

__all__ = ["TaskRestorer", "fence_former_id"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Pauses (s) between checks of hanging transactions; what outlasts the last needs an operator.
FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0


class TaskRestorer:
    """Begins tasks.

    ``tables`` names the table of each source topic, ``outputs`` the topics that its transactions
    write to in the partition's own number; both may go on growing.
    """

    def __init__(
        self,
        app: faust.App,
        kafka: dict[str, Any],
        tables: Mapping[str, PartitionTable],
        outputs: Mapping[str, Sequence[str]],
    ) -> None:
        self._app = app
        self._kafka = kafka
        self._tables = tables
        self._outputs = outputs
        self._group: Any = None
        # Clients that stay connected: a new one takes several round trips before its first answer.
        self._open = OpenTransactions(kafka)
        self._last = LastRecords(kafka)
        # Not asyncio's threads: the interpreter waits for those at its end, brokers or not.
        self._thread = CallThread("restore")
        self._log_waiting = ReasonLog(logger, logging.WARNING)

    async def fence(self, partitions: Sequence[TP]) -> list[StreamTask]:
        """Own these partitions: when this returns, no former owner can commit any more.

        Waits for the brokers as long as it takes. Raises :class:`Abandoned` when the app stops.
        """
        if self._group is None:
            self._group = await self._thread.run(group_metadata, self._kafka, self._app.conf.id)
        tasks = [self._new_task(tp) for tp in partitions]
        await self._wait(
            [task.writer for task in tasks], *(task.run(task.writer.fence) for task in tasks)
        )
        return tasks

    async def read_back(self, tasks: list[StreamTask]) -> dict[TP, LastRecord]:
        """The last committed row of each partition of the tasks' topics, where there is one.

        Of other workers' partitions too: see `_foreign_source`. Waits and raises as `fence` does,
        which comes first.
        """
        # As a rule nothing is open and the rows are those of this version: two questions then.
        # The rows are read after the first, which tells that no marker is still on its way.
        hanging = await self._ask(self._open.since, [self._row_of(task.tp) for task in tasks])
        rows = await self._rows(tasks)
        former = await self._fence_former_ids(tasks, rows)
        if not hanging and not former:
            return rows
        try:
            await self._end_hanging(tasks, former)
        finally:
            for writer in former.values():
                writer.leave()
        return await self._rows(tasks)

    def restore(self, tasks: Iterable[StreamTask], rows: Mapping[TP, LastRecord]) -> None:
        """Put what was committed into the tasks, whose topics' ids are set, and the tables."""
        for task in tasks:
            row = rows.get(task.tp)
            if row is None or row.value is None:  # never written, or deleted by hand
                task.restore(None, _foreign_source(task, rows))
                continue
            table = self._tables[task.tp.topic]
            try:
                found = table.row(row.value)
            except Exception as exc:  # noqa: BLE001 - whatever its codec raises
                where = f"{table.changelog_topic_name}-{task.tp.partition}, offset {row.offset}"
                # Without the text, which would quote the row.
                raise ValueError(f"no row can be read at {where} ({kind(exc)})") from None
            task.restore(found, TopicIdentity.from_headers(row.headers))
            table.apply(task.tp.partition, found)

    def check_before(self, source: TP) -> None:
        """Raise StateMismatch when the last transaction of a source partition hangs. Blocks.

        Call it before a transaction that leaves out a partition which the last one wrote to. A
        marker also decides what hangs in the partitions that it is written to. Were the row's
        partition among them and another one not, the row would no longer show whether to commit or
        to abort what hangs in the other.
        """
        try:
            self._open.wait_until_closed(self._row_of(source))
        except KafkaException as exc:
            raise StateMismatch(f"open transactions cannot be checked: {exc}") from exc

    def check_row(self, source: TP, state: Any) -> None:
        """Raise StateMismatch unless ``state`` is still the last row that can be read. Blocks.

        Call it after an abort, whose marker also aborts committed transactions of the same producer
        that hang in the partition, and after a producer was renewed, as another worker may have
        owned the partition before that.
        """
        table = self._tables[source.topic]
        try:
            last = read_last(self._kafka, table.changelog_topic_name, [source.partition])
            row = last.get(source.partition)
            found = None if row is None or row.value is None else table.row(row.value).next_offset
        except Exception as exc:
            raise StateMismatch(f"the row cannot be read: {kind(exc)}") from exc
        known = None if state is None else state.next_offset
        if found != known:
            raise StateMismatch(f"committed up to {known}, but the row says {found}")

    async def hanging(
        self, partitions: Iterable[TP], detector: HangingTransactionDetector
    ) -> list[TP]:
        """The partitions in whose rows a transaction has hung since the last check.

        Empty when the brokers do not answer.
        """
        by_row = {self._row_of(source): source for source in partitions}
        try:
            found = await self._thread.run(self._open.since, list(by_row))
        except KafkaException as exc:
            logger.debug("open transactions could not be checked: %s", exc)
            return []
        return [by_row[row] for row in detector.hanging(found)]

    async def foreign_rows(self, tasks: Collection[StreamTask]) -> dict[StreamTask, TopicIdentity]:
        """The tasks in whose changelog a row names another topic, and that topic.

        Workers with the same app id and another source topic write the same rows. Empty when the
        brokers do not answer.
        """
        found: dict[TP, LastRecord] = {}
        try:
            for topic in {task.tp.topic for task in tasks}:
                name = self._tables[topic].changelog_topic_name
                rows = await self._thread.run(self._last.of, name)
                found |= {TP(topic, number): row for number, row in rows.items()}
        except (KafkaException, TimeoutError) as exc:
            logger.debug("rows could not be checked: %s", exc)
            return {}
        named = {task: _foreign_source(task, found) for task in tasks}
        return {task: other for task, other in named.items() if other is not None}

    def _new_task(self, tp: TP) -> StreamTask:
        # No topic's name has a colon in it, so that no two apps can make the same id.
        transactional_id = f"{self._app.conf.id}:{tp.topic}:{tp.partition}"
        writer = TransactionalWriter(
            self._kafka,
            transactional_id,
            self._group,
            first_topic=self._tables[tp.topic].changelog_topic_name,
        )
        return StreamTask(tp, writer)

    async def _fence_former_ids(
        self, tasks: list[StreamTask], rows: Mapping[TP, LastRecord]
    ) -> dict[TP, TransactionalWriter]:
        """Fence owners of version 0.1, which had other transactional ids.

        Only where the row is theirs or there is none, so it is done once. Returns their writers.
        """
        former: dict[TP, TransactionalWriter] = {}
        for task in tasks:
            row = rows.get(task.tp)
            if row is None or TopicIdentity.from_headers(row.headers) is None:
                transactional_id = f"{self._app.conf.id}-{task.tp.topic}-{task.tp.partition}"
                former[task.tp] = TransactionalWriter(self._kafka, transactional_id, self._group)
        by_tp = {task.tp: task for task in tasks}
        fencing = [
            by_tp[tp].run(fence_former_id, writer, tp in rows) for tp, writer in former.items()
        ]
        await self._wait(list(former.values()), *fencing)
        return former

    async def _end_hanging(
        self, tasks: list[StreamTask], former: Mapping[TP, TransactionalWriter]
    ) -> None:
        """Abort what is open in the rows' partitions, which only the engine writes to."""
        by_row = {self._row_of(task.tp): task for task in tasks}
        pause, outlasted = FIRST_PAUSE, False
        while hanging := await self._ask(self._open.since, by_row):
            if outlasted:
                self._log_foreign_hanging(by_row, hanging)
            if pause in (FIRST_PAUSE, LAST_PAUSE):
                for row in hanging:
                    task = by_row[row]
                    for writer in filter(None, (former.get(task.tp), task.writer)):
                        await self._abort_hanging(task, writer)
            await self._pause(pause)  # the markers are written after the abort has returned
            outlasted = pause == LAST_PAUSE
            pause = min(pause * 2, LAST_PAUSE)

    @staticmethod
    def _log_foreign_hanging(by_row: Mapping[TP, StreamTask], hanging: Mapping[TP, int]) -> None:
        for row, offset in hanging.items():
            # An older producer's, which only its id and epoch can end.
            logger.error(
                "%s: cannot restore: another producer's transaction hangs in its changelog; "
                "abort it with kafka-transactions.sh --bootstrap-server ... abort --topic %s "
                "--partition %d --start-offset %d",
                by_row[row].name,
                row.topic,
                row.partition,
                offset,
            )

    async def _abort_hanging(self, task: StreamTask, writer: Writer) -> None:
        logger.warning(
            "%s: the brokers lost the end of its last transaction; aborting it, its records are "
            "processed again",
            task.name,
        )
        outputs = [TP(topic, task.tp.partition) for topic in self._outputs[task.tp.topic]]
        found = await self._ask(self._open.since, [self._row_of(task.tp), *outputs])
        try:
            await self._wait([writer], task.run(writer.abort_in, list(found)))
        except Fenced as exc:
            logger.info("%s: fenced: %s", task.name, exc)  # its next owner does it

    async def _wait(self, writers: Sequence[Writer], *calls: Awaitable[Any]) -> None:
        await wait_for_calls(writers, calls, lambda: self._app.should_stop, self._log_waiting)

    def _row_of(self, source: TP) -> TP:
        return TP(self._tables[source.topic].changelog_topic_name, source.partition)

    async def _rows(self, tasks: list[StreamTask]) -> dict[TP, LastRecord]:
        found: dict[TP, LastRecord] = {}
        for topic in {task.tp.topic for task in tasks}:
            rows = await self._ask(self._last.of, self._tables[topic].changelog_topic_name)
            found |= {TP(topic, number): row for number, row in rows.items()}
        missing = [self._row_of(task.tp) for task in tasks if task.tp not in found]
        # All partitions were read, so one that the changelog lacks would not show.
        for topic in {row.topic for row in missing}:
            numbers = [row.partition for row in missing if row.topic == topic]
            await self._ask(self._last.of, topic, numbers)
        return found

    async def _ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask the brokers, by a blocking call, until they answer.

        Raises :class:`RestoreFailed` when asking again would not help.
        """
        while True:
            try:
                return cast(T, await self._thread.run(question, *args))
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if answer_to(error) is not Answer.REPEAT:
                    raise RestoreFailed(_explain(error)) from exc
                reason = error.str()
            except TimeoutError as exc:
                reason = str(exc)
            self._log_waiting(reason, "partitions cannot be restored yet, trying again: %s", reason)
            await self._pause(1.0)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._app.should_stop:
            raise Abandoned("the app stops")


def fence_former_id(writer: TransactionalWriter, has_row: bool) -> None:
    """Fence by a transactional id of version 0.1. Blocks; raises as `TransactionalWriter.fence`.

    Where 0.1 wrote no row, a refusal is ignored: an app that is new may have no right to ids that
    it never used.
    """
    try:
        writer.fence()
    except TransactionRefused:
        if has_row:
            raise


def _foreign_source(task: StreamTask, rows: Mapping[TP, LastRecord]) -> TopicIdentity | None:
    """The topic that another partition's row names, where it is not the task's; else None.

    A topic that was created again is stopped as a whole. If its partitions without a row went on,
    part of its records would be processed, and no remedy would be right for all of them.
    """
    for tp, row in sorted(rows.items()):
        named = TopicIdentity.from_headers(row.headers) if tp.topic == task.tp.topic else None
        if named is not None and not named.is_same(task.source):
            return named
    return None


def _explain(error: KafkaError) -> str:
    if error.code() == KafkaError._UNKNOWN_PARTITION:
        return f"{error.str()}: give it as many partitions as the source topic has, then restart"
    return explain(error)
