"""When the consumer goes on fetching, without a broker."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, cast

import faust
import pytest
from faust.types import TP
from faust_transactions import Engine
from faust_transactions.fetch import consumer as consumer_module
from faust_transactions.fetch.consumer import MOST_WAITING, BatchConsumer, split
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.task import StreamTask
from faust_transactions.testing import StoredRecord
from mode import Service
from prometheus_client import CollectorRegistry

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
    metrics = EngineMetrics(CollectorRegistry())
    engine = Engine(app, {"bootstrap.servers": "127.0.0.1:1"}, metrics=metrics)

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


def task_with_a_batch(tp: TP) -> StreamTask:
    task = StreamTask(tp)
    task.start_at(0)
    task.sought(1)
    task.hand_out([StoredRecord(0, b"a")])
    return task


@pytest.fixture
def waiting(consumer: Consumer) -> list[StreamTask]:
    """`MOST_WAITING` partitions, each with a batch that waits for the agent."""
    tasks = [task_with_a_batch(TP("in", number)) for number in range(MOST_WAITING)]
    cast(Engine, cast(Any, consumer.engine))._tasks.update((task.tp, task) for task in tasks)
    consumer.resume_flow()
    consumer.resume_partitions({task.tp for task in tasks})
    return tasks


async def waiting_fetch(consumer: Consumer) -> asyncio.Task[None]:
    """A fetch that waits for the agent."""
    capacity = consumer.engine.capacity = Awaited()
    fetching = asyncio.create_task(fetch_once(consumer))
    await capacity.awaited.wait()
    return fetching


async def test_a_fetch_waits_while_many_partitions_wait_for_the_agent(
    consumer: Consumer, waiting: list[StreamTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "WAIT_FOR_AGENT", LONG)
    fetching = await waiting_fetch(consumer)
    assert consumer.fetches.empty()
    with waiting[0].block.run():
        consumer.engine.capacity.set()
        await fetching
    assert not consumer.fetches.empty()


async def test_a_fetch_does_not_wait_for_batches_that_are_committed(
    consumer: Consumer, waiting: list[StreamTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "WAIT_FOR_AGENT", LONG)
    async with waiting[0].commit_lock:
        await asyncio.wait_for(fetch_once(consumer), 5)


async def test_a_fetch_that_waits_ends_with_a_rebalance_and_goes_on_after_it(
    consumer: Consumer, waiting: list[StreamTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "WAIT_FOR_AGENT", LONG)
    fetching = await waiting_fetch(consumer)
    consumer.stop_flow()
    await asyncio.sleep(0.05)
    assert consumer.fetches.empty()
    for task in waiting:
        task.close()
    cast(Engine, cast(Any, consumer.engine))._tasks.clear()
    consumer.resume_flow()
    await asyncio.wait_for(fetching, 5)
    assert not consumer.fetches.empty()


async def test_batches_that_are_never_begun_do_not_end_fetching(
    consumer: Consumer, waiting: list[StreamTask]
) -> None:
    """Their actors crashed. The next batch of the partition shows that they are missing."""
    await asyncio.wait_for(fetch_once(consumer), 5)
    assert consumer.fetches.get_nowait() == {task.tp for task in waiting}


def sizes(values: list[int], *, max_records: int, max_bytes: int) -> list[list[int]]:
    records = [StoredRecord(index, b"x" * size) for index, size in enumerate(values)]
    return [
        [len(record.value) for record in some] for some in split(records, max_records, max_bytes)
    ]


def test_what_was_fetched_is_cut_at_both_bounds() -> None:
    assert sizes([1, 1, 1, 1, 1], max_records=2, max_bytes=9) == [[1, 1], [1, 1], [1]]
    assert sizes([4, 4, 4, 4], max_records=3, max_bytes=9) == [[4, 4], [4], [4]]
    assert sizes([20, 1, 20], max_records=9, max_bytes=9) == [[20], [1], [20]]
    assert sizes([3, 3, 3], max_records=3, max_bytes=9) == [[3, 3, 3]]
