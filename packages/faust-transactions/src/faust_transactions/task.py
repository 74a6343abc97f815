"""A task: one worker's ownership of one partition, from its assignment to its revocation."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any, NamedTuple

from faust.types import TP

from faust_transactions.producer import TransactionalWriter
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.thread import CallThread

__all__ = ["Fetch", "Fetched", "Origin", "StreamTask"]

logger = logging.getLogger(__name__)

#: Longest wait (s) for a transaction under way when a partition is given up.
END_TIMEOUT = 3.0


class Fetched(Enum):
    """What a fetch is to a task."""

    NEXT = auto()
    OLD = auto()
    GAP = auto()


class Fetch(NamedTuple):
    """What the consumer's thread tells of a partition after it has looked for records."""

    #: Counts the fetches that brought records, and the seeks.
    number: int
    #: May be empty.
    records: Sequence[Any]
    #: Next offset to be fetched: what is below and was never brought will never be read (markers,
    #: aborted records, gaps). None where it is not known.
    reached: int | None
    #: End of what is committed there; None where it is not known.
    end: int | None


class Origin(NamedTuple):
    """Where a batch came from: it counts only while all of this still holds."""

    task: StreamTask
    #: The task's count of seeks when the batch was fetched.
    seek: int
    #: The position up to which the partition had been fetched before this batch.
    follows: int | None
    #: Records in it.
    size: int


class StreamTask:
    """What a worker knows of a partition while it owns it.

    ``state`` and ``position`` are what was committed, never more: they change only after a commit.
    """

    def __init__(
        self, tp: TP, writer: TransactionalWriter, source: TopicIdentity | None = None
    ) -> None:
        self.tp = tp
        self.writer = writer
        #: The topic whose offsets the row counts.
        self.source = source or TopicIdentity(tp.topic)
        #: The partition's row; ``None`` until the first batch is committed.
        self.state: Any = None
        #: Next offset to be done. ``None`` until the first seek where there is no row yet.
        self.position: int | None = None
        #: Next offset to be fetched.
        self.fetched: int | None = None
        #: Where fetching goes on, and the end of what can be read: as the last fetch told.
        self.reached: int | None = None
        self.last_stable_offset: int | None = None
        #: Records fetched and not done.
        self.in_flight = 0
        #: No batch of this task counts any more: it was revoked, or fenced.
        self.ended = False
        #: Batches in a row that failed, and why the last did, in words without any record's data.
        self.failures = 0
        self.problem = ""
        #: Why the brokers refused the last transaction; None once one was committed.
        self.refused: str | None = None
        #: The partitions that the last transaction was written to.
        self.written: set[TP] = set()
        #: The group's coordinator as it was when the writer's producer was made.
        self.coordinator: object = None
        #: Since when (monotonic, s) the agent works on a batch; None while it has none.
        self.working_since: float | None = None
        #: Since when (monotonic, s) a transaction is being written; None while none is.
        self.committing_since: float | None = None
        #: Batches of a partition are worked on one at a time, in the order in which they came.
        self.lock = asyncio.Lock()
        #: What was fetched and is not with an actor yet, cut into batches. A seek empties it.
        self.buffered: deque[Sequence[Any]] = deque()
        self._over = asyncio.Event()
        self._closed = False
        self._seeks = 0
        #: Number of the last fetch that was taken; ``None`` until the first seek.
        self._fetch: int | None = None
        self._outstanding = 0
        self._bodies: set[asyncio.Task[Any]] = set()
        # A thread of its own: a commit that waits for the broker must not hold up another
        # partition's.
        self._thread = CallThread(writer.transactional_id)

    @property
    def name(self) -> str:
        """The partition, as people write it."""
        return f"{self.tp.topic}-{self.tp.partition}"

    def restore(self, state: Any) -> None:
        """Set what was read back from the changelog."""
        self.state = state
        self.position = None if state is None else int(state.next_offset)

    # -- fetching

    def accept(self, fetch: Fetch) -> Fetched:
        """Whether what this fetch tells comes next; its records are then in hand.

        The consumer's thread numbers the fetches of a partition. One that came before the last seek
        is old; where a number is missing, records were fetched that never arrived here (Faust drops
        what was under way when it suspends its flow), and only another seek brings them back.
        Offsets could not tell: transactions and compaction leave gaps in them.
        """
        if self._fetch is None:
            return Fetched.OLD
        follows = self._fetch + bool(fetch.records)
        if fetch.number != follows:
            return Fetched.OLD if fetch.number < follows else Fetched.GAP
        self._fetch = fetch.number
        self.in_flight += len(fetch.records)
        self.reached, self.last_stable_offset = fetch.reached, fetch.end
        return Fetched.NEXT

    def lag(self, end: int | None) -> int | None:
        """Records still to be done of what is committed up to `end`; None before the first seek.

        Those in hand are counted; beyond them it is offsets, among which there may be some that are
        never read. Once fetching has gone past these, they are in the lag no more. An `end` below
        what the last fetch told is an older one.
        """
        if self.position is None:
            return None
        reached = max(self.position, self.reached or 0)
        return self.in_flight + max(0, max(end or 0, self.last_stable_offset or 0) - reached)

    def hand_out(self, next_offset: int, size: int) -> Origin:
        """Note that a batch of ``size`` records up to ``next_offset`` goes to the agent."""
        origin = Origin(self, self._seeks, self.fetched, size)
        self.fetched = next_offset
        self._outstanding += 1
        return origin

    def sought(self, fetch: int) -> None:
        """The consumer starts again at ``position``; ``fetch`` was the last before that."""
        self._seeks += 1
        self._fetch = fetch
        self._outstanding = self.in_flight = 0
        self.buffered.clear()
        self.fetched = self.reached = self.position

    def finished(self, origin: Origin) -> None:
        """Make room for another batch."""
        if origin.seek == self._seeks:
            self._outstanding -= 1
            self.in_flight -= origin.size

    @property
    def outstanding(self) -> int:
        """Batches fetched and not done."""
        return self._outstanding

    def is_current(self, origin: Origin) -> bool:
        """Whether a batch may be worked on: the task lasts and nothing sought past it."""
        return not self.ended and origin.seek == self._seeks

    def is_contiguous(self, origin: Origin) -> bool:
        """Whether all that was fetched before the batch has been committed."""
        return origin.follows is None or self.position is None or origin.follows <= self.position

    # -- writing

    async def run(self, call: Any, *args: Any) -> Any:
        """Run a blocking call in the task's thread."""
        return await self._thread.run(call, *args)

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the task ends: an actor is not to wait for what has gone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    def enter(self, body: asyncio.Task[Any]) -> None:
        """Note a task that works on a batch, to be cancelled when the task ends."""
        self._bodies.add(body)

    def leave(self, body: asyncio.Task[Any]) -> None:
        """Forget a task that has done its work."""
        self._bodies.discard(body)

    async def end(self) -> None:
        """Give the partition up: bodies that wait are cancelled, a commit under way is awaited.

        Returns when nothing of this task runs any more; a few seconds at the most, also while
        the brokers are away.
        """
        if self._closed:
            return
        self._closed = self.ended = True
        self._over.set()
        self.writer.stop()
        for body in self._bodies:
            body.cancel()
        closing = asyncio.ensure_future(self.run(self.writer.close))
        _, late = await asyncio.wait({closing}, timeout=END_TIMEOUT)
        if late:
            # The thread is in a call that librdkafka does not end while the brokers are away.
            # When it does, the writer gives up before the commit: it was told to stop.
            closing.cancel()
            logger.warning("%s: left while its transaction waits for the brokers", self.name)
        elif error := closing.exception():
            logger.debug("%s: %s", self.name, error)  # a fenced producer complains once more
        self._thread.close()
