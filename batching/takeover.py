"""Taking partitions over: shut the former owners out, then read back what they committed.

In this order, always: a former owner that is not fenced could still commit behind what is read.
In between, what hangs is ended (see :mod:`batching.hanging`): the row of a transaction that hangs
is not read, so its records will be written again, and its own must not become visible with them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import faust
from confluent_kafka import KafkaException
from faust.types import TP

from batching.errors import Abandoned, Fenced
from batching.hanging import open_since
from batching.table import PartitionTable
from batching.tail import LastRecord, read_last
from batching.tenure import Tenure
from batching.writer import TransactionalWriter, group_metadata

__all__ = ["Takeover"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Owned(Protocol):
    """What is looked at of a partition that the worker owns; `Tenure` is one."""

    @property
    def tp(self) -> TP:
        """The source partition."""


OwnedT = TypeVar("OwnedT", bound=Owned)

#: Pauses (s) between looks at what hangs; with the last one comes a call for an operator.
FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0


class Takeover:
    """Begins tenures.

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

    async def of(self, partitions: Sequence[TP]) -> list[Tenure]:
        """Own these partitions; the tenures and tables hold what was committed, for good.

        Waits for the brokers as long as it takes. Raises :class:`Abandoned` when the app stops.
        """
        if self._group is None:
            self._group = await asyncio.get_running_loop().run_in_executor(
                None, group_metadata, self._kafka, self._app.conf.id
            )
        tenures = [self._tenure(tp) for tp in partitions]
        await self._fence(tenures)
        await self._end_hanging(tenures)
        await self._restore(tenures)
        return tenures

    def verify(self, source: TP, state: Any) -> None:
        """Raise :class:`Fenced` unless ``state`` is still the last row that can be read. Blocks.

        For after an abort: its marker decides about all that its producer has open in a partition,
        also about transactions that were committed and hang.
        """
        if state is None:
            return
        table = self._tables[source.topic]
        try:
            last = read_last(self._kafka, table.changelog_topic_name, [source.partition])
        except (KafkaException, TimeoutError) as exc:
            raise Fenced(f"the row cannot be read: {exc}") from exc
        row = last.get(source.partition)
        if row is None or row.value is None:
            raise Fenced("the row that was committed last is gone")
        found = table.row(row.value).next_offset
        if found != state.next_offset:
            raise Fenced(f"committed up to {state.next_offset}, but the row says {found}")

    async def hanging(self, tenures: Iterable[OwnedT]) -> list[OwnedT]:
        """Those in whose rows a transaction is open; none where the brokers do not answer."""
        by_row = {self._row_of(tenure.tp): tenure for tenure in tenures}
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                None, open_since, self._kafka, list(by_row)
            )
        except KafkaException as exc:
            logger.debug("open transactions were not looked for: %s", exc)
            return []
        return [by_row[row] for row in found]

    def _tenure(self, tp: TP) -> Tenure:
        transactional_id = f"{self._app.conf.id}-{tp.topic}-{tp.partition}"
        return Tenure(tp, TransactionalWriter(self._kafka, transactional_id, self._group))

    async def _fence(self, tenures: list[Tenure]) -> None:
        """Shut the former owners out, all at once."""
        fencing = [asyncio.create_task(tenure.run(tenure.writer.fence)) for tenure in tenures]
        waiting = set(fencing)
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=0.5)
            if self._app.should_stop:
                for tenure in tenures:
                    tenure.writer.stop()
        await asyncio.gather(*fencing)

    async def _end_hanging(self, tenures: list[Tenure]) -> None:
        """Abort what is open in the rows' partitions; nobody else writes there."""
        by_row = {self._row_of(tenure.tp): tenure for tenure in tenures}
        aborted: set[TP] = set()
        pause = FIRST_PAUSE
        while hanging := await self._ask(open_since, by_row):
            for row in hanging.keys() - aborted:
                await self._abort_hanging(by_row[row], row)
                aborted.add(row)
            await self._pause(pause)  # the markers are written after the abort has returned
            pause = min(pause * 2, LAST_PAUSE)
            if pause == LAST_PAUSE:
                self._complain(by_row, hanging)

    @staticmethod
    def _complain(by_row: Mapping[TP, Tenure], hanging: Mapping[TP, int]) -> None:
        for row, offset in hanging.items():
            # An older producer's, which only its id and epoch can end.
            logger.error(
                "%s: not taken over while a foreign transaction hangs in its rows; end it: "
                "kafka-transactions.sh abort --topic %s --partition %d --start-offset %d",
                by_row[row].name,
                row.topic,
                row.partition,
                offset,
            )

    async def _abort_hanging(self, tenure: Tenure, row: TP) -> None:
        outputs = [TP(topic, row.partition) for topic in self._outputs[tenure.tp.topic]]
        open_too = await self._ask(open_since, outputs)
        logger.warning(
            "%s: the brokers lost the end of its last transactions, whose records nobody could "
            "read; they are aborted and written again",
            tenure.name,
        )
        try:
            await tenure.run(tenure.writer.abort_in, [row, *open_too])
        except Fenced as exc:
            logger.info("%s: fenced: %s", tenure.name, exc)  # its next owner does it

    def _row_of(self, source: TP) -> TP:
        return TP(self._tables[source.topic].changelog_topic_name, source.partition)

    async def _restore(self, tenures: list[Tenure]) -> None:
        for topic, table in self._tables.items():
            mine = {tenure.tp.partition: tenure for tenure in tenures if tenure.tp.topic == topic}
            if not mine:
                continue
            for partition, row in (await self._read_rows(table, list(mine))).items():
                if row.value is None:
                    continue  # somebody deleted the row by hand
                mine[partition].restore(table.row(row.value))
                table.apply(partition, mine[partition].state)

    async def _read_rows(
        self, table: PartitionTable, partitions: list[int]
    ) -> dict[int, LastRecord]:
        return await self._ask(read_last, table.changelog_topic_name, partitions)

    async def _ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask the brokers, by a blocking call, until they answer."""
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    None, question, self._kafka, *args
                )
            except (KafkaException, TimeoutError) as exc:
                logger.warning("partitions cannot be taken over yet, again: %s", exc)
            await self._pause(1.0)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._app.should_stop:
            raise Abandoned("the app stops")
