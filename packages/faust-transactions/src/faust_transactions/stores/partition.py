"""The table of the partitions' states: one row a source partition, written by its transaction.

It is a Faust table in all but two things: its changelog is written by the engine (a row is part of
the batch's transaction), and it is read back by the engine when a partition is taken over (only the
last committed row is needed, so the changelog's tail is enough, whatever its length). Faust's own
recovery never sees this changelog; on a changelog written in transactions it would wait for the
last offset, which is a commit marker that no consumer is given.
"""

from __future__ import annotations

from typing import Any, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP, Message

from faust_transactions.compat import exclude_changelog

__all__ = ["PartitionTable", "TransactionalTableManager"]


class PartitionTable(faust.Table[int, Any]):
    """Partition number -> row. Read it like any table; only the engine writes it."""

    def on_key_set(self, key: int, value: Any) -> None:
        """Refuse: a row that no transaction has written would not be true."""
        raise TypeError(f"table {self.name}: assign Transaction.state instead of writing the table")

    on_key_del = on_key_set  # type: ignore[assignment]

    def row(self, value: bytes) -> Any:
        """The row that a record of the changelog holds."""
        return cast(Any, self.value_type).loads(value, serializer="json")

    def apply(self, partition: int, row: Any) -> None:
        """Put a committed row into the local store."""
        message = Message(
            self.changelog_topic_name, partition, -1, 0.0, 0, None, b"%d" % partition, None, None
        )
        message.tp = TP(self.changelog_topic_name, partition)
        value = row.dumps(serializer="json") if self._stores_bytes else row
        message.value = value
        event = faust.Event(self.app, partition, row, None, message)
        self.apply_changelog_batch([event])

    @property
    def _stores_bytes(self) -> bool:
        return self.data.url.scheme != "memory"


class TransactionalTableManager(TableManager):
    """Faust's table manager that leaves the changelogs of :class:`PartitionTable` to the engine."""

    def add(self, table: Any) -> Any:
        """Register a table."""
        super().add(table)
        if isinstance(table, PartitionTable):
            exclude_changelog(self, table)
        return table

    async def on_stop(self) -> None:
        """Stop the consumer too: its tasks end, and it leaves the group at once.

        When the app stops, Faust suspends the flow, stops the tables and then waits for whatever
        the app does at its shutdown and for its agents; the consumer is the last. All that time
        the partitions would stand still, and no other worker would know.
        """
        await super().on_stop()
        consumer = self.app.consumer
        if not consumer.started:
            return
        try:
            await consumer.stop()
        except Exception as exc:  # noqa: BLE001 - the app goes on stopping, as it does in Faust
            self.log.warning("the consumer did not stop cleanly: %r", exc)
