"""Restores assigned partitions.

Reads the rows, fences the former owners that they name, and reads the rows again if one was fenced
or a transaction was open. Hanging transactions are aborted before that (see
:mod:`faust_transactions.kafka.hanging`): their records are processed again, and the first outputs
must not become visible too.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import faust
from confluent_kafka import KafkaException
from faust.types import TP

from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.errors import StateMismatch
from faust_transactions.kafka.hanging import HangingTransactionDetector, OpenTransactions
from faust_transactions.kafka.tail import LastRecord, LastRecords, read_last
from faust_transactions.observe.failures import kind
from faust_transactions.protocols import Writer
from faust_transactions.restore.asking import PatientCalls
from faust_transactions.restore.former_owners import FormerOwners
from faust_transactions.restore.hand_over import HandOver
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.partition import PartitionTable
from faust_transactions.stores.signature import signed_by
from faust_transactions.task import StreamTask

__all__ = ["TaskRestorer"]

logger = logging.getLogger(__name__)


class TaskRestorer:
    """Begins tasks.

    ``tables`` names the table of each source topic, ``outputs`` the topics that its transactions
    write to in the partition's own number; both may go on growing. ``members`` asks for the ids of
    the group's members; None where the brokers do not know the question.
    """

    def __init__(
        self,
        app: faust.App,
        kafka: dict[str, Any],
        tables: Mapping[str, PartitionTable],
        outputs: Mapping[str, Sequence[str]],
        members: Callable[[], Awaitable[Collection[str] | None]],
    ) -> None:
        self._app = app
        self._kafka = kafka
        self._tables = tables
        self._outputs = outputs
        # Clients that stay connected: a new one takes several round trips before its first answer.
        self._open = OpenTransactions(kafka)
        self._last = LastRecords(kafka)
        self._members = members
        self._calls = PatientCalls(lambda: app.should_stop, logger)

    async def read_back(self, tasks: list[StreamTask], own: Writer) -> dict[TP, LastRecord]:
        """The last committed row of each partition of the tasks' topics, where there is one.

        Of other workers' partitions too: see `_foreign_source`. ``own`` is the worker's writer,
        ready to write. When this returns, the rows are final. Waits for the brokers as long as it
        takes. Raises :class:`Abandoned` when the app stops.
        """
        hand_over = self._hand_over(tasks, own)
        try:
            # As a rule nothing is open and no worker has left, and these two questions are all.
            # The rows are read after the first answer: what was open then is in one or the other.
            open_since = await self._calls.ask(
                self._open.since, [self._row_of(task.tp) for task in tasks]
            )
            rows = await self._rows(tasks)
            by_row = {self._row_of(tp): row for tp, row in rows.items()}
            if not await hand_over.shut_out(open_since, by_row):
                return rows
        finally:
            hand_over.close()
        return await self._rows(tasks)

    def _hand_over(self, tasks: Sequence[StreamTask], own: Writer) -> HandOver:
        app_id = self._app.conf.id

        # With a topic: a writer that is not connected before it fences takes half a second longer.
        rows = self._row_of(tasks[0].tp).topic if tasks else None
        new_writer = partial(TransactionalWriter, self._kafka, first_topic=rows)

        def old_writer(source: TP) -> Writer:
            return new_writer(f"{app_id}-{source.topic}-{source.partition}")

        return HandOver(
            tasks,
            own,
            FormerOwners(
                app_id,
                own,
                self._members,
                self._calls,
                new_writer,
            ),
            calls=self._calls,
            open_rows=self._open,
            row_of=self._row_of,
            outputs=self._outputs,
            old_writer=old_writer,
        )

    def restore(self, tasks: Iterable[StreamTask], rows: Mapping[TP, LastRecord]) -> None:
        """Put what was committed into the tasks, whose topics' ids are set, and the tables."""
        named = _named_sources(rows)
        for task in tasks:
            row = rows.get(task.tp)
            if row is None or row.value is None:  # never written, or deleted by hand
                task.restore(None, _foreign_source(task, named))
                continue
            table = self._tables[task.tp.topic]
            try:
                found = table.row(row.value)
            except Exception as exc:  # noqa: BLE001 - whatever its codec raises
                where = f"{table.changelog_topic_name}-{task.tp.partition}, offset {row.offset}"
                # Without the text, which would quote the row.
                raise ValueError(f"no row can be read at {where} ({kind(exc)})") from None
            task.restore(found, TopicIdentity.from_headers(row.headers), signed_by(row.headers))
            table.apply(task.tp.partition, found)

    async def fence(self, writer: Writer) -> None:
        """Call ``init_transactions``: what the writer's id had open is committed or aborted."""
        await self._calls.each([writer], [writer.fence])

    def hanging_before(self, sources: Collection[TP]) -> Mapping[TP, StateMismatch]:
        """Those of the source partitions whose last transaction hangs, with the error. Blocks.

        To be asked before a transaction that leaves out a partition which the last one wrote to. A
        marker also decides what hangs in the partitions that it is written to. Were the row's
        partition among them and another one not, the row would no longer show whether to commit or
        to abort what hangs in the other.
        """
        by_row = {self._row_of(source): source for source in sources}
        try:
            found = self._open.still_open(by_row)
        except KafkaException as exc:
            error = StateMismatch(f"open transactions cannot be checked: {exc}")
            return dict.fromkeys(sources, error)
        return {
            by_row[row]: StateMismatch(f"the last transaction hangs at offset {offset} of its row")
            for row, offset in found.items()
        }

    def changed(self, committed: Mapping[TP, Any]) -> Mapping[TP, StateMismatch]:
        """Those of the source partitions whose last row is not ``committed``, with why. Blocks.

        To be asked after an abort, whose marker also aborts committed transactions of the same
        producer that hang in the partition, and after the producer was replaced, as another worker
        may have owned the partition meanwhile. One read for each topic.
        """
        errors: dict[TP, StateMismatch] = {}
        for topic in {source.topic for source in committed}:
            sources = [source for source in committed if source.topic == topic]
            try:
                found = self._next_offsets(topic, [source.partition for source in sources])
            except Exception as exc:  # noqa: BLE001 - whatever its codec raises
                error = StateMismatch(f"the row cannot be read: {kind(exc)}")
                errors |= dict.fromkeys(sources, error)
                continue
            for source in sources:
                row = committed[source]
                known = None if row is None else row.next_offset
                if (now := found.get(source.partition)) != known:
                    text = f"committed up to {known}, but the row says {now}"
                    errors[source] = StateMismatch(text)
        return errors

    def _next_offsets(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """What the last rows of a source topic's partitions say, where there are any."""
        table = self._tables[topic]
        rows = read_last(self._kafka, table.changelog_topic_name, partitions)
        return {
            number: table.row(row.value).next_offset
            for number, row in rows.items()
            if row.value is not None
        }

    async def hanging(
        self, partitions: Iterable[TP], detector: HangingTransactionDetector
    ) -> list[TP]:
        """The partitions in whose rows a transaction has hung since the last check.

        Empty when the brokers do not answer.
        """
        by_row = {self._row_of(source): source for source in partitions}
        try:
            found = await self._calls.once(self._open.since, list(by_row))
        except KafkaException as exc:
            logger.debug("open transactions could not be checked: %s", exc)
            return []
        return [by_row[row] for row in detector.hanging(found)]

    async def foreign_rows(self, tasks: Collection[StreamTask]) -> dict[StreamTask, TopicIdentity]:
        """The tasks in whose changelog a row names another topic, and that topic.

        Workers with the same app id and another source topic write the same rows. Empty when the
        brokers do not answer.
        """
        try:
            found = await self._last_rows(tasks, self._calls.once)
        except (KafkaException, TimeoutError) as exc:
            logger.debug("rows could not be checked: %s", exc)
            return {}
        named = _named_sources(found)
        others = {task: _foreign_source(task, named) for task in tasks}
        return {task: other for task, other in others.items() if other is not None}

    def _row_of(self, source: TP) -> TP:
        return TP(self._tables[source.topic].changelog_topic_name, source.partition)

    async def _last_rows(
        self, tasks: Collection[StreamTask], ask: Callable[..., Awaitable[dict[int, LastRecord]]]
    ) -> dict[TP, LastRecord]:
        """The last rows of all partitions of the tasks' topics."""
        found: dict[TP, LastRecord] = {}
        for topic in {task.tp.topic for task in tasks}:
            rows = await ask(self._last.of, self._tables[topic].changelog_topic_name)
            found |= {TP(topic, number): row for number, row in rows.items()}
        return found

    async def _rows(self, tasks: list[StreamTask]) -> dict[TP, LastRecord]:
        found = await self._last_rows(tasks, self._calls.ask)
        missing = [self._row_of(task.tp) for task in tasks if task.tp not in found]
        # All partitions were read, so one that the changelog lacks would not show.
        for topic in {row.topic for row in missing}:
            numbers = [row.partition for row in missing if row.topic == topic]
            await self._calls.ask(self._last.of, topic, numbers)
        return found


def _named_sources(rows: Mapping[TP, LastRecord]) -> Mapping[str, Sequence[TopicIdentity]]:
    """The topics that rows name, for each source topic; each once, in the partitions' order."""
    named: dict[str, dict[TopicIdentity, None]] = defaultdict(dict)
    for tp, row in sorted(rows.items()):
        if (topic := TopicIdentity.from_headers(row.headers)) is not None:
            named[tp.topic][topic] = None
    return {source: list(topics) for source, topics in named.items()}


def _foreign_source(
    task: StreamTask, named: Mapping[str, Sequence[TopicIdentity]]
) -> TopicIdentity | None:
    """The topic that another partition's row names, where it is not the task's; else None.

    A topic that was created again is stopped as a whole. If its partitions without a row went on,
    part of its records would be processed, and no remedy would be right for all of them.
    """
    return next((one for one in named.get(task.tp.topic, ()) if not one.is_same(task.source)), None)
