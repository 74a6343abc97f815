import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust_transactions.kafka.latest import LatestRecords

from tests.brokers import Kafka
from tests.topics import commit_abort_commit, create_topic, produce
from tools.devbroker import EmbeddedBroker

Look = Callable[[str, str], LatestRecords]


class NotingRecords(LatestRecords):
    """Notes how many offsets of a partition each look reads."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.looked_at: list[int] = []

    async def _read(
        self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], size: int
    ) -> None:
        for tp, end in ends.items():
            self.looked_at.append(end - await consumer.position(tp))
        await super()._read(consumer, ends, size)


@pytest.fixture
async def look() -> AsyncIterator[Look]:
    opened: list[LatestRecords] = []

    def at(bootstrap: str, topic: str) -> LatestRecords:
        opened.append(LatestRecords(topic, {"bootstrap_servers": bootstrap}))
        return opened[-1]

    yield at
    for one in opened:
        await one.close()


async def test_the_last_records_of_all_partitions_newest_first(
    kafka: Kafka, topic_prefix: str, look: Look
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 3)
    for number in range(30):
        produce(kafka.bootstrap, topic_prefix, [b"%d" % number], partition=number % 3)
        await asyncio.sleep(0.002)  # timestamps are in ms
    records = look(kafka.bootstrap, topic_prefix)
    assert await records.latest(10) == [b"%d" % number for number in range(29, 19, -1)]
    produce(kafka.bootstrap, topic_prefix, [b"new"], partition=1)
    assert (await records.latest(3))[0] == b"new"
    assert await records.latest(3) == await records.latest(3)


async def test_what_is_not_committed_is_not_among_them(
    kafka: Kafka, topic_prefix: str, look: Look
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    commit_abort_commit(kafka.bootstrap, topic_prefix)
    assert await look(kafka.bootstrap, topic_prefix).latest(10) == [b"3", b"1"]


async def test_a_long_topic_costs_a_look_at_its_end(
    kafka: Kafka, topic_prefix: str, look: Look
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 2)
    for partition in (0, 1):
        values = (b"%d" % number for number in range(200_000))
        produce(kafka.bootstrap, topic_prefix, values, partition=partition)
    records = NotingRecords(topic_prefix, {"bootstrap_servers": kafka.bootstrap})
    try:
        await records.latest(50)
        produce(kafka.bootstrap, topic_prefix, (b"x" for _ in range(200_000)), partition=0)
        assert len(await records.latest(50)) == 50
    finally:
        await records.close()
    # Two offsets a record, as each may be a transaction of its own.
    assert records.looked_at == [100, 100, 100]


async def test_a_topic_that_is_not_there_has_none_and_is_looked_for_again(
    kafka: Kafka, topic_prefix: str, look: Look
) -> None:
    records = look(kafka.bootstrap, topic_prefix)
    assert await records.latest(5) == []
    create_topic(kafka.bootstrap, topic_prefix, 2)
    produce(kafka.bootstrap, topic_prefix, [b"first"], partition=1)
    assert await records.latest(5) == [b"first"]


async def test_it_works_on_the_embedded_broker(
    embedded_broker: EmbeddedBroker, topic_prefix: str, look: Look
) -> None:
    records = look(embedded_broker.address, topic_prefix)
    for number in range(6):
        produce(embedded_broker.address, topic_prefix, [b"%d" % number], partition=number % 2)
        await asyncio.sleep(0.002)
    assert await records.latest(4) == [b"5", b"4", b"3", b"2"]
