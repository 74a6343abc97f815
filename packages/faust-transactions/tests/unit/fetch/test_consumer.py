"""When the consumer goes on fetching, without a broker."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, cast

import faust
import pytest
from faust.types import TP
from faust_transactions import Engine
from faust_transactions.fetch.consumer import BatchConsumer
from mode import Service

ONE, OTHER = TP("in", 0), TP("in", 1)
#: Longer than any test.
LONG = 600.0


class Consumer(BatchConsumer):
    """Notes what it is asked to fetch from, and brings nothing. Without a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fetches: asyncio.Queue[set[TP]] = asyncio.Queue()

    async def fetch(
        self,
        partitions: set[TP],
        timeout: float,  # noqa: ASYNC109 - the engine's
    ) -> Mapping[TP, Any]:
        self.fetches.put_nowait(set(partitions))
        return {}

    def _new_consumer_thread(self) -> Any:
        return Service()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return {}


class Awaited(asyncio.Event):
    """An event that tells whether somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.awaited.set()
        return await super().wait()


@pytest.fixture
async def consumer(monkeypatch: pytest.MonkeyPatch) -> Consumer:
    app = faust.App("fetching", broker="kafka://127.0.0.1:1", store="memory://")
    engine = Engine(app, {"bootstrap.servers": "127.0.0.1:1"})

    async def ignore(*_: object) -> None:
        """What else the app would do."""

    monkeypatch.setattr(app.transport, "Consumer", Consumer)
    made = app.transport.create_consumer(
        ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
    )
    assert cast(Any, made).engine is engine
    return cast(Consumer, made)


async def fetch_once(consumer: Consumer) -> None:
    async for _ in consumer.getmany(LONG):
        pytest.fail("it brought something")


async def test_a_fetch_that_found_no_partition_ends_when_they_are_resumed(
    consumer: Consumer,
) -> None:
    capacity = consumer.engine.capacity = Awaited()
    # The order in which Faust ends a rebalance: the flow, the partitions, the seek.
    consumer.stop_flow()
    consumer.pause_partitions({ONE, OTHER})
    fetching = asyncio.create_task(fetch_once(consumer))
    consumer.resume_flow()
    await capacity.awaited.wait()
    consumer.resume_partitions({ONE, OTHER})
    await consumer.perform_seek()
    assert capacity.is_set()
    await fetching
    await fetch_once(consumer)
    assert consumer.fetches.get_nowait() == {ONE, OTHER}
