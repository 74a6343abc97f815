"""A stream task: one worker's ownership of one partition, from its assignment to its revocation.

::

    RESTORING ──► RUNNING ──► LEAVING ──► CLOSED
        │            │
        └────────────┴─────► STOPPED ───► CLOSED       (CLOSED follows every state)

=========  ======================================================================================
RESTORING  its row is read back; the consumer has not sought to it, so its batches are stale
RUNNING    its batches are processed and committed
LEAVING    fenced, or its state may be outdated: its batches are stale, the worker rejoins
STOPPED    its topic is not the one of its row, or was truncated: nothing is fetched or committed
CLOSED     revoked
=========  ======================================================================================

Only the methods of :class:`StreamTask` write its attributes. Kafka Streams' class of the same name
has the same lifecycle.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from faust.types import TP

from faust_transactions.block import AgentBlock
from faust_transactions.errors import IllegalTransition
from faust_transactions.fetch.fetching import Fetch, Fetched, FetchState, Origin
from faust_transactions.stores.identity import TopicIdentity

__all__ = ["Fetch", "Fetched", "Origin", "State", "StreamTask"]

logger = logging.getLogger(__name__)

#: A source topic that was confirmed so long (s) ago is confirmed again before a commit.
CONFIRMED_FOR = 5.0


class State(Enum):
    """State of a task; the module's docstring has the table."""

    RESTORING = auto()
    RUNNING = auto()
    LEAVING = auto()
    STOPPED = auto()
    CLOSED = auto()


FOLLOWS = {
    State.RESTORING: {State.RUNNING, State.LEAVING, State.STOPPED, State.CLOSED},
    State.RUNNING: {State.LEAVING, State.STOPPED, State.CLOSED},
    State.LEAVING: {State.CLOSED},
    State.STOPPED: {State.CLOSED},
    State.CLOSED: set[State](),
}


class StreamTask(FetchState):
    """What a worker knows of a partition while it owns it.

    ``row`` and ``position`` are what was committed, never more: they change only after a commit.
    ``next_row`` and ``next_position`` are what they will be if the commit under way succeeds: the
    next batch is worked on with these meanwhile.
    """

    def __init__(
        self,
        tp: TP,
        source: TopicIdentity | None = None,
        producer: int = 0,
    ) -> None:
        super().__init__()
        self.tp = tp
        self.state = State.RESTORING
        #: The topic whose offsets the row counts.
        self.source = source or TopicIdentity(tp.topic)
        #: The topic that the row read back names; None where it names none.
        self.row_source: TopicIdentity | None = None
        #: The partition's row; ``None`` until its first row is committed.
        self.row: Any = None
        #: Batches in a row that failed, and why the last did, in words without any record's data.
        self.failures = 0
        self.problem = ""
        #: Why the brokers refused the last transaction; None once one was committed.
        self.refused: str | None = None
        #: Why the task was stopped; None unless it is STOPPED.
        self.stopped_reason: str | None = None
        #: The partitions that the last transaction was written to.
        self.written: frozenset[TP] = frozenset()
        #: The transactional id that the row names; None where there is no row, or one of 0.1.
        self.signed_by: str | None = None
        #: The number of the worker's producer (`Writer.producers`) that its row was read back for.
        self.producer = producer
        #: The agent's block; cancelled when the task stops running, and by `withdraw`.
        self.block = AgentBlock()
        #: Since when (monotonic, s) a transaction is being written; None while none is.
        self.committing_since: float | None = None
        #: Batches of a partition are worked on one at a time, in the order in which they came. Held
        #: until the batch's commit begins, so the next one is worked on meanwhile.
        self.work_lock = asyncio.Lock()
        #: They are committed one at a time, in that order. Held while one is committed and, if it
        #: failed, until it is fetched again.
        self.commit_lock = asyncio.Lock()
        self._expected: tuple[Any, int] | None = None
        self._confirmed: float | None = time.monotonic()
        self._not_running = asyncio.Event()

    @property
    def name(self) -> str:
        """Topic and partition: ``orders-0``."""
        return f"{self.tp.topic}-{self.tp.partition}"

    @property
    def working_since(self) -> float | None:
        """Since when (monotonic, s) the agent works on a batch; None while it has none."""
        return self.block.since

    # -- lifecycle

    def _become(self, state: State) -> None:
        if state not in FOLLOWS[self.state]:
            raise IllegalTransition(f"{self.name}: {state.name} after {self.state.name}")
        self.state = state
        if state is not State.RUNNING:
            self._not_running.set()
            self.block.cancel()

    @property
    def is_active(self) -> bool:
        """Whether its batches are processed, now or once it was sought: RESTORING or RUNNING."""
        return self.state in (State.RESTORING, State.RUNNING)

    def identify(self, topic_id: str | None) -> None:
        """Set the id of the source topic, None where the brokers give none. RESTORING only."""
        self._require(State.RESTORING)
        self.source = TopicIdentity(self.tp.topic, topic_id)

    def restore(
        self,
        row: Any,
        row_source: TopicIdentity | None = None,
        signed_by: str | None = None,
    ) -> None:
        """Set the row that was read back, the topic and the writer it names. RESTORING only."""
        self._require(State.RESTORING)
        self.row, self.row_source, self.signed_by = row, row_source, signed_by
        if row_source is not None and self.source.topic_id is None:
            # Keep the known id while the brokers do not give one.
            self.source = row_source if row_source.is_same(self.source) else self.source
        self.position = None if row is None else int(row.next_offset)

    def start_at(self, position: int) -> None:
        """Set where a partition without a row begins. RESTORING only."""
        self._require(State.RESTORING)
        self.position = position

    def sought(self, fetch: int) -> None:
        """The consumer starts at ``position``; ``fetch`` was the last before that. Now RUNNING."""
        if self.state is State.RESTORING:
            self._become(State.RUNNING)
        self.restart_fetching(fetch)

    def leave(self) -> bool:
        """Make all its batches stale, before the worker rejoins. False when it is not active."""
        if not self.is_active:
            return False
        self._become(State.LEAVING)
        return True

    def stop(self, reason: str) -> bool:
        """Stop fetching and committing. False when it is not active."""
        if not self.is_active:
            return False
        self.stopped_reason = reason
        self._become(State.STOPPED)
        self.buffered.clear()
        return True

    def close(self) -> None:
        """End the task: a block that waits is cancelled, its batches are stale."""
        if self.state is not State.CLOSED:
            self._become(State.CLOSED)

    def _require(self, state: State) -> None:
        if self.state is not state:
            raise IllegalTransition(f"{self.name}: only while {state.name}, not {self.state.name}")

    # -- fetching

    def accept(self, fetch: Fetch) -> Fetched:
        """Whether what this fetch reports comes next; its records are then in flight."""
        if self.saw_errors(fetch):
            self.doubt_source()
        if self.state is State.STOPPED:
            return Fetched.OLD
        return self.take(fetch)

    def is_current(self, origin: Origin) -> bool:
        """Whether a batch may be worked on: the task runs and nothing sought past it."""
        return self.state is State.RUNNING and self.is_fetched(origin)

    def is_contiguous(self, origin: Origin) -> bool:
        """Whether all that was fetched before the batch is committed, or is being committed."""
        position = self.next_position
        return origin.follows is None or position is None or origin.follows <= position

    @property
    def is_waiting(self) -> bool:
        """Whether it has batches, and none of them is worked on or committed."""
        has_batches = bool(self.handed_out or self.buffered)
        return has_batches and self.working_since is None and not self.commit_lock.locked()

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be fetched now."""
        return self.state is State.STOPPED or self.has_enough

    # -- the source topic

    def doubt_source(self) -> None:
        """Have the topic confirmed before the next commit: a fetch failed."""
        self._confirmed = None

    def confirm_source(self, now: TopicIdentity, asked: float) -> None:
        """The topic is still the row's; ``asked`` (monotonic, s) is when the question was sent.

        An id that was not known before is adopted; the next commit writes it.
        """
        if now.topic_id is not None:
            self.source = now
        self._confirmed = asked

    @property
    def is_confirmed(self) -> bool:
        """Whether a commit may rely on the topic being the row's."""
        return self._confirmed is not None and time.monotonic() - self._confirmed <= CONFIRMED_FOR

    # -- working and writing

    def begin_commit(self) -> float:
        """Note that a transaction is being written; returns when (monotonic, s) it began."""
        self.committing_since = time.monotonic()
        return self.committing_since

    def end_commit(self) -> None:
        """Note that no transaction is being written any more."""
        self.committing_since = None

    @property
    def next_row(self) -> Any:
        """The row as it will be when the commit under way, if there is one, has succeeded."""
        return self.row if self._expected is None else self._expected[0]

    @property
    def next_position(self) -> int | None:
        """The position as it will be when the commit under way has succeeded."""
        return self.position if self._expected is None else self._expected[1]

    def is_last_committed(self, row: Any) -> bool:
        """Whether a batch that was worked on with this row may be committed now."""
        return self.state is State.RUNNING and self.row is row

    def expect(self, row: Any, position: int) -> None:
        """Note what the commit that begins will leave. Call with `commit_lock` held."""
        self._expected = row, position

    def withdraw(self) -> None:
        """Forget the expected row: its commit failed. The block that relies on it is cancelled."""
        if self._expected is not None:
            self._expected = None
            self.block.cancel()

    def renewed(self, producer: int) -> None:
        """Note the producer for which the row was read again."""
        self.producer = producer

    def commit(
        self, row: Any, position: int, written: Iterable[TP], signed_by: str | None = None
    ) -> None:
        """Set what was committed, and by which transactional id. RUNNING only."""
        self._require(State.RUNNING)
        self.row, self.position, self.signed_by = row, position, signed_by
        self._expected = None
        self.written = frozenset(written)
        self.failures = 0

    def fail(self, reason: str) -> int:
        """Note a failed batch; returns how many failed in a row."""
        self.failures += 1
        self.problem = reason
        return self.failures

    def refuse(self, reason: str | None) -> None:
        """Note why the brokers refuse its transactions; None when they accept them again."""
        self.refused = reason

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the task stops running."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._not_running.wait()
