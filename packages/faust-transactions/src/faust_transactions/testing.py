"""Transactions for functional tests: no broker, what was written is kept in lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from faust_transactions.batch import Batch
from faust_transactions.commit.producer import Output
from faust_transactions.transaction import Transaction

__all__ = ["MemoryTransactions", "StoredRecord"]


@dataclass(frozen=True)
class StoredRecord:
    """A record for a :class:`~faust_transactions.Batch` made by hand."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class MemoryTransactions:
    """Implements :class:`Transactions`; commits into ``written`` and ``states``.

    Like the engine it commits nothing of a block that raises, and hands out nothing of a batch that
    begins below the partition's position (the engine then fetches again from there). Unlike the
    engine it lets the exception through, so that a test sees it, and leaves the batch its records,
    so that a test may use it again. ``new_state`` makes the row of a partition that has none yet, a
    Record with a field ``next_offset``.
    """

    def __init__(self, new_state: Any) -> None:
        self._new_state = new_state
        self.written: list[Output] = []
        #: Partition -> its row.
        self.states: dict[int, Any] = {}
        self.commits = 0

    @asynccontextmanager
    async def begin(self, batch: Batch) -> AsyncIterator[Transaction]:
        """See :meth:`faust_transactions.Transactions.begin`."""
        state = self.states.get(batch.partition) or self._new_state()
        if batch.first_offset < state.next_offset:
            yield Transaction(batch, (), self._new_state())
            return
        transaction = Transaction(batch, batch.records, state)
        yield transaction
        self.written += transaction.outputs
        self.states[batch.partition] = transaction.state.derive(next_offset=batch.next_offset)
        self.commits += 1
        transaction.committed = True
        transaction.release()

    def values(self, topic: str) -> list[bytes | None]:
        """The values written to a topic, in order."""
        return [value for name, _, _, value, _ in self.written if name == topic]
