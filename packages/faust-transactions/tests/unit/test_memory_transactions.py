"""The contract of `Transactions`, held by the double that apps test their agents with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from faust_transactions import Batch
from faust_transactions.testing import MemoryTransactions, StoredRecord
from support import engine_app
from support.contract import TransactionsContract


class MemoryBackend:
    """Delivers batches by hand, and again where a block raised, as the engine does."""

    def __init__(self) -> None:
        self.transactions = MemoryTransactions(engine_app.Sums)
        self.sent: list[bytes] = []
        self.start = 0

    def send(self, *values: bytes) -> None:
        self.sent += values
        asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        copy = engine_app.copying(self.transactions, "out", "rare")

        async def batches() -> AsyncIterator[Batch]:
            # At first, and once more after a restart, all that was sent.
            yield self._batch(self.start)

        while self.position() < len(self.sent):
            with suppress(RuntimeError):  # of the block; the engine fetches again from there, too
                async for _ in copy(batches()):
                    pass
            self.start = self.position()

    def _batch(self, first: int) -> Batch:
        records = [
            StoredRecord(offset, value)
            for offset, value in enumerate(self.sent[first:], start=first)
        ]
        return Batch("in", 0, records)

    def restart(self) -> None:
        self.start = 0

    def copies(self) -> list[tuple[bytes | None, bytes | None]]:
        written = self.transactions.written
        return [(key, value) for topic, _, key, value, _ in written if topic == "out"]

    def rare(self) -> list[bytes | None]:
        return [key for topic, _, key, _, _ in self.transactions.written if topic == "rare"]

    def position(self) -> int:
        row = self.transactions.states.get(0)
        return 0 if row is None else int(row.next_offset)


class TestMemoryTransactions(TransactionsContract):
    @pytest.fixture
    def backend(self) -> MemoryBackend:
        engine_app.RAISED.clear()
        return MemoryBackend()


def test_a_batch_that_begins_below_the_position_is_stale() -> None:
    transactions = MemoryTransactions(engine_app.Sums)

    async def deliver(first: int) -> int:
        records = [StoredRecord(offset, b"x") for offset in range(first, first + 3)]
        async with transactions.begin(Batch("in", 0, records)) as tx:
            return len(tx.records)
        raise AssertionError("the block was not entered")

    assert asyncio.run(deliver(0)) == 3
    assert asyncio.run(deliver(2)) == 0
    assert asyncio.run(deliver(3)) == 3
