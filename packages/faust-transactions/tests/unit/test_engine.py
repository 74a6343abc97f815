"""What the engine does at a rebalance and at a stop, without a broker."""

import asyncio
from typing import Any, cast

import faust
import pytest
from faust.types import TP
from faust_transactions import Engine, EngineMetrics
from faust_transactions.fetch.consumer import BatchConsumer
from faust_transactions.task import State, StreamTask
from prometheus_client import CollectorRegistry


class Committer:
    """Has a transaction under way until it is told to end it."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.waiting = 0

    async def finish(self, _seconds: float) -> bool:
        self.waiting += 1
        await self.ended.wait()
        return True


class Consumer:
    """Counts the rejoins that are requested."""

    def __init__(self) -> None:
        self.rejoins = 0

    async def rejoin(self) -> None:
        self.rejoins += 1


@pytest.fixture
async def engine() -> Engine:
    app = faust.App("engine-test", broker="kafka://127.0.0.1:1", store="memory://")
    conf = {"bootstrap.servers": "127.0.0.1:1"}
    return Engine(app, conf, metrics=EngineMetrics(CollectorRegistry()))


def own(engine: Engine, task: StreamTask) -> None:
    cast(Any, engine)._tasks[task.tp] = task


def running() -> StreamTask:
    made = StreamTask(TP("in", 0))
    made.start_at(0)
    made.sought(1)
    return made


async def test_a_revocation_waits_for_the_transaction_of_a_stop_that_closed_the_tasks(
    engine: Engine,
) -> None:
    """Else the worker would join the next generation with a transaction that may commit."""
    committer = Committer()
    cast(Any, engine)._committer = committer
    task = running()
    own(engine, task)
    stopping = asyncio.create_task(engine.on_revoked())
    await asyncio.sleep(0)
    assert task.state is State.CLOSED
    revoking = asyncio.create_task(engine.on_revoked())
    await asyncio.sleep(0)
    assert committer.waiting == 2
    assert not revoking.done()
    committer.ended.set()
    await asyncio.gather(stopping, revoking)


async def test_a_partition_that_was_left_without_a_rebalance_requests_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Consumer()
    monkeypatch.setattr(Engine, "consumer", cast(BatchConsumer, consumer))
    monkeypatch.setattr(Engine, "not_ready_reason", None)
    task = running()
    own(engine, task)
    task.leave()
    for _ in range(2):
        await cast(Any, engine)._watch_sources()
    await asyncio.sleep(0)
    assert consumer.rejoins == 1
