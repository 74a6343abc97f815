"""The thread in which aiokafka's consumer runs: fetches and seeks, and their order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from faust.types import TP

from faust_transactions import compat
from faust_transactions.fetch.fetching import Fetch

__all__ = ["BatchConsumerThread", "fetch_wait"]

#: How long (ms) a broker may hold a fetch back while it has no data, at least.
FETCH_WAIT_MS = 100
#: And at most (ms), however many partitions there are.
LONGEST_FETCH_WAIT_MS = 500
#: Partitions in all fetches of a second while there is no data: aiokafka takes some 20 us for each
#: of them, whether it has records or not.
FETCHED_A_SECOND = 320
#: Longest wait (s) for the members of the group, which takes milliseconds. No heartbeat is sent
#: meanwhile.
MEMBERS_TIMEOUT = 3.0
#: Longest wait (s) for aiokafka's consumer to leave its group and close its connections.
STOP_TIMEOUT = 2.5


class BatchConsumerThread(compat.ConsumerThread):
    """Faust's consumer thread, which numbers the fetches of each partition and notes errors."""

    def __post_init__(self) -> None:
        """Begin to count."""
        super().__post_init__()
        self._fetches: Counter[TP] = Counter()
        self._errors: Counter[TP] = Counter()
        #: Partitions whose offset the broker did not have. aiokafka goes on at their beginning by
        #: itself; what it brings from there does not count before a seek.
        self._out_of_range: set[TP] = set()

    def on_consumer_created(self, consumer: AIOKafkaConsumer) -> None:
        """Shorten the time for which a broker holds a fetch back, and watch its answers."""
        # Faust's 1.5 s is how long the embedded broker holds every fetch back, data or not.
        compat.set_fetch_wait(consumer, FETCH_WAIT_MS)
        compat.watch_fetch_errors(consumer, self._note_error)
        # Rows are read from the changelog's tail, so a standby is of no use.
        compat.assign_no_standbys(self.consumer.app)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """End the fetch that is still for the former assignment.

        It would wait up to a second for records of those partitions, whatever the others have.
        """
        self.end_fetch()
        compat.set_fetch_wait(self.client, fetch_wait(len(assigned)))
        await super().on_partitions_assigned(assigned, generation_id)

    def _note_error(self, tp: TP, error: type[BaseException]) -> None:
        self._errors[tp] += 1
        if issubclass(error, OffsetOutOfRangeError):
            self._out_of_range.add(tp)

    async def fetched(
        self, consumer: AIOKafkaConsumer, partitions: set[TP], records: Mapping[TP, Any]
    ) -> Mapping[TP, Any]:
        """Report each partition, also those from which nothing came.

        Fetches are numbered, see :meth:`StreamTask.accept`.
        """
        # Nothing is awaited here: a seek comes before all of this or after it.
        self._fetches.update(records.keys())
        return {
            tp: Fetch(
                self._fetches[tp],
                records.get(tp, ()),
                *compat.reading_state(consumer, tp),
                self._errors[tp],
                tp in self._out_of_range,
            )
            for tp in partitions
        }

    async def seek_now(self, tp: TP, offset: int) -> int:
        """Seek; returns its number among the partition's fetches."""
        self.seek(tp, offset)
        self._out_of_range.discard(tp)
        self._fetches[tp] += 1
        return self._fetches[tp]

    async def still_polling(self) -> None:
        """Count as polling while nothing is fetched.

        aiokafka takes an app that has not fetched for ``broker_max_poll_interval`` for hung, and
        leaves the group (KIP-62).
        """
        compat.keep_polling(self.client)

    @property
    def coordinator(self) -> tuple[object, bool]:
        """The group's coordinator as it was found last, and whether it is lost since."""
        return compat.coordinator_state(self.client)

    async def group_member(self) -> tuple[int, str]:
        """Generation of the group and this member's id in it."""
        return compat.group_member(self.client)

    async def group_members(self) -> frozenset[str] | None:
        """The ids of the group's members; None where the brokers do not know the question.

        Raises KafkaError, or TimeoutError after `MEMBERS_TIMEOUT`.
        """
        async with asyncio.timeout(MEMBERS_TIMEOUT):
            return await compat.group_members(self.client)

    async def check_membership(self) -> None:
        """Raise what keeps the worker from being a member of its group, once for each time."""
        compat.check_membership(self.client)

    async def request_rejoin(self) -> None:
        """Rejoin the group as soon as its coordinator is known."""
        compat.request_rejoin(self.client)

    async def on_thread_stop(self) -> None:
        """Stop aiokafka's consumer, but do not wait for brokers that are away.

        Its fetcher lets a CancelledError out when it is closed while it waits to try again; let
        through, that would leave Faust waiting for this thread for ever.
        """
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await super().on_thread_stop()
        except (asyncio.CancelledError, TimeoutError, KafkaError) as exc:
            self.log.warning(
                "the consumer did not stop cleanly (%r): if it has not left its group, its "
                "partitions wait until its session times out",
                exc,
            )


def fetch_wait(partitions: int) -> int:
    """How long (ms) a broker may hold back a fetch of so many partitions while it has no data."""
    wait = partitions * 1000 // FETCHED_A_SECOND
    return min(max(wait, FETCH_WAIT_MS), LONGEST_FETCH_WAIT_MS)
