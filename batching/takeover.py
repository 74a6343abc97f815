"""Taking partitions over: shut the former owners out, then read back what they committed.

In this order, always: a former owner that is not fenced could still commit behind what is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

import faust
from confluent_kafka import KafkaException
from faust.types import TP

from batching.errors import Abandoned
from batching.table import PartitionTable
from batching.tail import LastRecord, read_last
from batching.tenure import Tenure
from batching.writer import TransactionalWriter, group_metadata

__all__ = ["Takeover"]

logger = logging.getLogger(__name__)


class Takeover:
    """Begins tenures; ``tables`` names the table of each source topic and may go on growing."""

    def __init__(
        self, app: faust.App, kafka: dict[str, Any], tables: Mapping[str, PartitionTable]
    ) -> None:
        self._app = app
        self._kafka = kafka
        self._tables = tables
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
        await self._restore(tenures)
        return tenures

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

    async def _restore(self, tenures: list[Tenure]) -> None:
        for topic, table in self._tables.items():
            mine = {tenure.tp.partition: tenure for tenure in tenures if tenure.tp.topic == topic}
            if not mine:
                continue
            for partition, row in (await self._read_rows(table, list(mine))).items():
                if row.value is None:
                    continue  # somebody deleted the row by hand
                mine[partition].restore(
                    cast(Any, table.value_type).loads(row.value, serializer="json")
                )
                table.apply(partition, mine[partition].state)

    async def _read_rows(
        self, table: PartitionTable, partitions: list[int]
    ) -> dict[int, LastRecord]:
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    None, read_last, self._kafka, table.changelog_topic_name, partitions
                )
            except (KafkaException, TimeoutError) as exc:
                logger.warning("%s cannot be read, again: %s", table.changelog_topic_name, exc)
            await asyncio.sleep(1.0)
            if self._app.should_stop:
                raise Abandoned(table.changelog_topic_name)
