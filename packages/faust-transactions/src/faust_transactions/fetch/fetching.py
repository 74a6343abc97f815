"""What was fetched of a partition and is not done yet: numbers of fetches, batches, lag."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from faust_transactions.task import StreamTask

__all__ = ["OUTSTANDING", "Fetch", "FetchState", "Fetched", "Origin"]

#: Batches of a partition with the agent's actors at once: one being committed, one worked on.
OUTSTANDING = 2


class Fetched(Enum):
    """What a fetch is to a task."""

    NEXT = auto()
    OLD = auto()
    GAP = auto()
    OUT_OF_RANGE = auto()


class Fetch(NamedTuple):
    """What the consumer's thread reports of a partition after it has looked for records."""

    #: Counts the fetches that brought records, and the seeks.
    number: int
    #: May be empty.
    records: Sequence[Any]
    #: Next offset to be fetched: what is below and was never brought will never be read (markers,
    #: aborted records, gaps). None where it is not known.
    reached: int | None
    #: End of what is committed there; None where it is not known.
    end: int | None
    #: Counts the partition's failed fetches.
    errors: int = 0
    #: The broker does not have the offset that was asked for; nothing counts before a seek.
    out_of_range: bool = False


class Origin(NamedTuple):
    """Where a batch came from: it counts only while all of this still holds."""

    task: StreamTask
    #: The task's count of seeks when the batch was fetched.
    seek: int
    #: The position up to which the partition had been fetched before this batch.
    follows: int | None
    #: Records in it.
    size: int
    #: Timestamp (ms since the epoch) of its first record.
    timestamp: int


class FetchState:
    """The part of a :class:`StreamTask` that follows what is fetched."""

    def __init__(self) -> None:
        #: Next offset to be done. ``None`` until the first seek where there is no row yet.
        self.position: int | None = None
        #: Next offset to be fetched.
        self.fetched: int | None = None
        #: Where fetching goes on, and the end of what can be read: as the last fetch reported.
        self.reached: int | None = None
        self.last_stable_offset: int | None = None
        #: Records fetched and not done.
        self.in_flight = 0
        #: Batches handed out and not done, in their order.
        self.handed_out: deque[Origin] = deque()
        #: What was fetched and is not with an actor yet, cut into batches. A seek empties it.
        self.buffered: deque[Sequence[Any]] = deque()
        #: Waiting for a decision where to go on, as the broker does not have the next offset.
        self.out_of_range = False
        self._seeks = 0
        #: Number of the last fetch that was taken; ``None`` until the first seek.
        self._fetch: int | None = None
        self._errors = 0

    def saw_errors(self, fetch: Fetch) -> bool:
        """Whether fetches have failed since the last one that was reported."""
        before, self._errors = self._errors, fetch.errors
        return fetch.errors != before

    def take(self, fetch: Fetch) -> Fetched:
        """Whether what this fetch reports comes next; its records are then in flight.

        The consumer's thread numbers the fetches of a partition. One that came before the last seek
        is old; where a number is missing, records were fetched that never arrived here (Faust drops
        what was under way when it suspends its flow), and only another seek brings them back.
        Offsets could not show it: transactions and compaction leave gaps in them.
        """
        if self._fetch is None:
            return Fetched.OLD
        follows = self._fetch + bool(fetch.records)
        if fetch.number != follows:
            return Fetched.OLD if fetch.number < follows else Fetched.GAP
        if fetch.out_of_range:
            return Fetched.OUT_OF_RANGE
        self._fetch = fetch.number
        self.in_flight += len(fetch.records)
        self.reached, self.last_stable_offset = fetch.reached, fetch.end
        return Fetched.NEXT

    def lag(self, end: int | None) -> int | None:
        """Records still to be done of what is committed up to `end`; None before the first seek.

        Those in flight are counted; beyond them it is offsets, among which there may be some that
        are never read. Once fetching has gone past these, they are in the lag no more. An `end`
        below what the last fetch reported is an older one.
        """
        if self.position is None:
            return None
        reached = max(self.position, self.reached or 0)
        return self.in_flight + max(0, max(end or 0, self.last_stable_offset or 0) - reached)

    @property
    def next_fetch(self) -> int | None:
        """Next offset that was neither fetched nor passed over; None before the first seek."""
        if self.position is None:
            return None
        return max(self.position, self.fetched or 0, self.reached or 0)

    @property
    def has_enough(self) -> bool:
        """Whether its actors are busy, or where to go on is being decided."""
        return self.out_of_range or self.outstanding >= OUTSTANDING or bool(self.buffered)

    @property
    def outstanding(self) -> int:
        """Batches handed out and not done."""
        return len(self.handed_out)

    @property
    def pending_since(self) -> int | None:
        """Timestamp (ms since the epoch) of the next record to be done.

        None while none was fetched. A fetch follows within milliseconds where there is one.
        """
        if self.handed_out:
            return self.handed_out[0].timestamp
        return int(self.buffered[0][0].timestamp) if self.buffered else None

    def hand_out(self, records: Sequence[Any]) -> Origin:
        """Note that a batch of these records goes to the agent."""
        origin = Origin(
            self,  # type: ignore[arg-type]
            self._seeks,
            self.fetched,
            len(records),
            records[0].timestamp,
        )
        self.fetched = records[-1].offset + 1
        self.handed_out.append(origin)
        return origin

    def restart_fetching(self, fetch: int) -> None:
        """The consumer starts again at ``position``; ``fetch`` was the last before that."""
        self._seeks += 1
        self._fetch = fetch
        self.in_flight = 0
        self.handed_out.clear()
        self.buffered.clear()
        self.fetched = self.reached = self.position
        self.out_of_range = False

    def wait_for_range(self) -> bool:
        """Fetch nothing until it is decided where to go on. False when that is so already."""
        before, self.out_of_range = self.out_of_range, True
        return not before

    def skipped(self, fetch: int, offset: int) -> None:
        """The consumer goes on at ``offset``; what is in flight stays."""
        self._fetch = fetch
        self.reached = offset
        self.out_of_range = False

    def finished(self, origin: Origin) -> None:
        """Count this batch as handed out no longer."""
        if origin.seek == self._seeks:
            self.handed_out.remove(origin)
            self.in_flight -= origin.size

    def is_fetched(self, origin: Origin) -> bool:
        """Whether nothing was sought since a batch was fetched."""
        return origin.seek == self._seeks
