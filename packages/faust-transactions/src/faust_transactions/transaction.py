"""What an agent holds while it works on a batch, and the protocol behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from faust_transactions.batch import Batch, SourceRecord
from faust_transactions.commit.producer import Output

__all__ = ["Transaction", "Transactions"]


class Transaction:
    """One batch being worked on: records in, records out, the partition's row.

    Nothing is sent before the ``async with`` block ends; then all of it is committed together with
    the batch's offset, or, when the block is left by an exception, none of it. After the block it
    holds neither records nor outputs any more.
    """

    __slots__ = ("committed", "outputs", "partition", "records", "state", "topic")

    def __init__(self, batch: Batch, records: Sequence[SourceRecord], state: Any) -> None:
        self.topic = batch.topic
        self.partition = batch.partition
        #: The records to work on, in order. Empty when the batch is stale (its partition was
        #: revoked, stopped or sought back after the fetch, or the worker stops) or out of order.
        self.records = records
        #: The row that the previous batch leaves; its commit may still be under way. If that fails,
        #: this block is cancelled, or what it did is dropped. Assign a new object to change the
        #: row; its ``next_offset`` is set by the engine.
        self.state = state
        self.outputs: list[Output] = []
        #: True after the block, when all of it has become visible; false when nothing has.
        self.committed = False

    def release(self) -> None:
        """Drop records and outputs: an agent keeps its last transaction until the next one."""
        self.records, self.outputs = (), []

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        *,
        headers: Sequence[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        """Write a record; to the batch's own partition number unless another is given."""
        target = self.partition if partition is None else partition
        self.outputs.append((topic, target, key, value, None if headers is None else list(headers)))

    def send_all(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Write many, key and value of each, in order, to the batch's own partition number.

        The same as ``send`` for each of them, at a third of its cost.
        """
        target = self.partition
        self.outputs += [(topic, target, key, value, None) for key, value in records]


class Transactions(Protocol):
    """Opens a transaction for a batch: `Engine`, and `MemoryTransactions` for tests.

    ``tests/support/contract.py`` holds what both promise.
    """

    def begin(self, batch: Batch) -> AbstractAsyncContextManager[Transaction]:
        """Wait until the commit of the previous batch has begun, and open the batch's transaction.

        The block may await as long as it needs. When the partition is revoked, or the commit of the
        batch before it fails, the block is cancelled where it waits and the agent goes on with the
        next batch. An exception that leaves the block does not leave the ``async with``: it is
        logged, nothing is written, and the batch is fetched again after a pause.
        """
        ...
