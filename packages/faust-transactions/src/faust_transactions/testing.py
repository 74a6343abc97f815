"""Transactions for functional tests: no broker, what was written is kept in lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from faust_transactions.batch import Batch
from faust_transactions.producer import Output
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

    Like the engine it leaves out records that were committed before, and commits nothing of a block
    that raises; unlike the engine it lets the exception through, so that a test sees it.
    """

    def __init__(self, new_state: Any) -> None:
        self._new_state = new_state
        self.written: list[Output] = []
        self.states: dict[int, Any] = {}
        self.commits = 0

    @asynccontextmanager
    async def begin(self, batch: Batch) -> AsyncIterator[Transaction]:
        """See :meth:`faust_transactions.Transactions.begin`."""
        state = self.states.get(batch.partition) or self._new_state()
        records = [record for record in batch.records if record.offset >= state.next_offset]
        transaction = Transaction(batch, records, state)
        yield transaction
        if records:
            self.written += transaction.outputs
            transaction.state.next_offset = batch.next_offset
            self.states[batch.partition] = transaction.state
            self.commits += 1
            transaction.committed = True

    def values(self, topic: str) -> list[bytes | None]:
        """The values written to a topic, in order."""
        return [value for name, _, _, value, _ in self.written if name == topic]
