"""The protocols by which the engine, its consumer and its tasks know each other.

Tests implement these with scripted doubles (``tests/support/scripted_engine.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from faust.types import TP

from faust_transactions.commit.part import Part
from faust_transactions.errors import SourceMismatch, StateMismatch

if TYPE_CHECKING:
    from faust_transactions.task import StreamTask

__all__ = ["BatchSource", "RowChecks", "SourceChecks", "TaskOwner", "Writer"]


class Writer(Protocol):
    """The transactional producer of a worker: `TransactionalWriter`. Blocking."""

    transactional_id: str
    aborted: int
    producers: int

    @property
    def waiting_for(self) -> str | None:
        """What the call under way waits for, and why; None while it waits for nothing."""

    @property
    def disturbed(self) -> bool:
        """Whether a connection to a broker was lost since the producer was made."""

    def renew(self, reason: str = ...) -> None:
        """Replace the producer by a new one."""

    def fence(self) -> None:
        """Call ``init_transactions``: fence earlier producers with the same transactional id."""

    def abort_in(self, partitions: Sequence[TP]) -> None:
        """Abort what hangs in these partitions."""

    def write(
        self, parts: Sequence[Part], group: bytes, check_rows: Callable[[Sequence[Part]], None]
    ) -> None:
        """Commit the parts' outputs and offsets in one transaction."""

    def stop(self) -> None:
        """Make calls that wait in another thread raise Abandoned."""

    def close(self) -> None:
        """Close the producer."""

    def leave(self) -> None:
        """Stop, and close the producer in a thread of its own."""


class RowChecks(Protocol):
    """Whether what was committed can still be read: `TaskRestorer`. Blocking."""

    def changed(self, committed: Mapping[TP, Any]) -> Mapping[TP, StateMismatch]:
        """Those of the source partitions whose last row that can be read is another, with why."""

    def hanging_before(self, sources: Collection[TP]) -> Mapping[TP, StateMismatch]:
        """Those of the source partitions whose last transaction hangs, with the error."""


class SourceChecks(Protocol):
    """Whether a source topic is still the one that its rows belong to: `SourceTopics`."""

    def confirm(self, tasks: Sequence[StreamTask]) -> Mapping[TP, SourceMismatch | StateMismatch]:
        """Confirm the tasks' topics; returns those that may not commit, with why. Blocking."""


class BatchSource(Protocol):
    """What the engine needs of the consumer: `BatchConsumer`."""

    @property
    def coordinator(self) -> object:
        """A value that changes whenever the group's coordinator is lost or found."""

    async def rejoin(self) -> None:
        """Rejoin the group (a rebalance)."""

    async def rewind(self, task: StreamTask) -> None:
        """Fetch a partition again from its committed position."""

    async def skip(self, task: StreamTask, offset: int) -> None:
        """Go on fetching at ``offset``; what is in flight stays."""


class TaskOwner(Protocol):
    """What the consumer needs of the engine: `Engine`."""

    max_records: int
    max_bytes: int
    #: Set when a partition can take another batch, also when it is resumed after a rebalance.
    capacity: asyncio.Event

    @property
    def tasks(self) -> Mapping[TP, StreamTask]:
        """The partitions owned now."""

    def handles(self, topic: str) -> bool:
        """Whether this topic is read in batches."""

    async def on_assigned(self, assigned: Iterable[TP]) -> None:
        """Own these partitions."""

    async def on_revoked(self) -> None:
        """Close all tasks: partitions are revoked."""

    async def on_stop(self) -> None:
        """Close all tasks: the app stops."""

    async def check_membership(self) -> None:
        """End the worker when it cannot be a member of its group."""

    def on_out_of_range(self, task: StreamTask) -> None:
        """Decide where a partition goes on whose next offset the broker does not have."""
