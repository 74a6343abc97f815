"""What the consumer's thread does at a rebalance, without a broker."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust_transactions.fetch.consumer_thread import BatchConsumerThread, fetch_wait

FORMER, NEW = TP("in", 0), TP("in", 1)


class Thread(BatchConsumerThread):
    """In the test's own loop."""

    def __init__(self) -> None:
        self.thread_loop = asyncio.get_running_loop()
        self.assigned: list[set[TP]] = []
        self.consumer: Any = SimpleNamespace(threadsafe_partitions_assigned=self._note)
        self.__post_init__()
        self._consumer: Any = SimpleNamespace(_fetcher=SimpleNamespace())

    async def _note(self, _loop: object, assigned: set[TP], _generation: int) -> None:
        self.assigned.append(assigned)


async def test_a_fetch_for_the_former_assignment_ends_with_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = asyncio.Event()

    async def fetch(*_: Any, **__: Any) -> Any:
        with consumer._subscription.fetch_context():
            waiting.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "__post_init__", lambda _: None)
    thread = Thread()
    consumer: Any = SimpleNamespace(_subscription=SubscriptionState())
    fetching = asyncio.create_task(thread._fetch_records(consumer, {FORMER}))
    await waiting.wait()
    await thread.on_partitions_assigned({FORMER, NEW}, 7)
    found = await fetching
    assert thread.assigned == [{FORMER, NEW}]
    assert (found[FORMER].number, list(found[FORMER].records)) == (0, [])
    assert thread._consumer._fetcher._fetch_max_wait_ms == fetch_wait(2)


def test_an_idle_worker_with_many_partitions_fetches_less_often() -> None:
    assert [fetch_wait(partitions) for partitions in (0, 4, 32, 64, 128, 1024)] == [
        *(100, 100, 100),
        *(200, 400, 500),
    ]
