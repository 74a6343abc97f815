import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    NewPartitions,
)
from faust_transactions.kafka.follower import ChangelogFollower

from tests.brokers import Kafka
from tests.topics import create_topic, produce
from tools.devbroker import EmbeddedBroker, KafkaServer

Row = dict[str, Any]
Follower = ChangelogFollower[Row]


@asynccontextmanager
async def following(bootstrap: str, topic: str, **options: Any) -> AsyncIterator[Follower]:
    kwargs = {"bootstrap_servers": bootstrap}
    follower: Follower = ChangelogFollower(topic, json.loads, client_kwargs=kwargs, **options)
    async with follower:
        yield follower


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        await asyncio.sleep(0.02)


def row(count: int) -> bytes:
    return json.dumps({"authorized": count}).encode()


class Writer:
    """Writes rows in transactions, as the engine does."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self.producer = Producer(
            {"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 0}
        )
        self.producer.init_transactions(30)

    def write(self, values: Iterable[bytes | None], partition: int = 0) -> None:
        self.producer.begin_transaction()
        for value in values:
            self.producer.produce(self.topic, value, str(partition), partition)

    def commit(self, values: Iterable[bytes | None], partition: int = 0) -> None:
        self.write(values, partition)
        self.producer.commit_transaction(30)

    def abort(self, values: Iterable[bytes | None], partition: int = 0) -> None:
        self.write(values, partition)
        self.producer.flush(30)
        self.producer.abort_transaction(30)


async def test_the_last_committed_row_of_each_partition_is_there(
    kafka: Kafka, topic_prefix: str
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 3)
    writer = Writer(kafka.bootstrap, topic_prefix)
    writer.commit([row(1), row(2)], 0)
    writer.commit([row(7)], 2)
    writer.abort([row(99)], 2)
    writer.write([row(100)], 0)
    writer.producer.flush(10)  # on the broker, in a transaction that nobody has ended
    async with following(kafka.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready)
        assert follower.rows == {0: {"authorized": 2}, 2: {"authorized": 7}}
        writer.producer.commit_transaction(30)
        await until(lambda: follower.rows[0] == {"authorized": 100})


async def test_a_change_wakes_whoever_waits(kafka: Kafka, topic_prefix: str) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    async with following(kafka.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready)
        seen = follower.version
        assert await follower.wait_changed(seen, 0.05) == seen
        waiting = asyncio.create_task(follower.wait_changed(seen, 20))
        produce(kafka.bootstrap, topic_prefix, [row(1)], partition=0)
        assert await waiting == seen + 1
        produce(kafka.bootstrap, topic_prefix, [None], partition=0)
        assert await follower.wait_changed(seen + 1, 20) == seen + 2
        assert follower.rows == {}


async def test_a_row_behind_many_aborted_ones_is_found(kafka: Kafka, topic_prefix: str) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    writer = Writer(kafka.bootstrap, topic_prefix)
    writer.commit([row(5)])
    writer.abort([row(9)] * 3_000)
    async with following(kafka.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready)
        assert follower.rows == {0: {"authorized": 5}}


async def test_a_million_rows_are_not_read_to_be_ready(kafka: Kafka, topic_prefix: str) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    one = b'{"authorized":1}'
    produce(
        kafka.bootstrap,
        topic_prefix,
        (one for _ in range(1_000_000)),
        partition=0,
        client={"linger.ms": 50, "queue.buffering.max.messages": 1_000_000},
    )
    produce(kafka.bootstrap, topic_prefix, [row(42)], partition=0)
    async with following(kafka.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready)
        assert follower.rows == {0: {"authorized": 42}}
        assert follower.version == 1, "it went through old rows"


async def test_a_row_that_cannot_be_read_leaves_the_one_before(
    kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    produce(kafka.bootstrap, topic_prefix, [row(3)], partition=0)
    async with following(kafka.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready)
        produce(kafka.bootstrap, topic_prefix, [b"\xff{"], partition=0)
        await until(lambda: "not readable" in caplog.text)
        assert follower.rows == {0: {"authorized": 3}}
        produce(kafka.bootstrap, topic_prefix, [row(4)], partition=0)
        await until(lambda: follower.rows == {0: {"authorized": 4}})


async def test_a_topic_is_not_created_by_looking_and_is_taken_up_when_it_comes(
    kafka: Kafka, topic_prefix: str
) -> None:
    async with following(kafka.bootstrap, topic_prefix, source_topic=topic_prefix) as follower:
        await until(lambda: follower.ready)
        await asyncio.sleep(1.5)
        topics = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics().topics
        assert topic_prefix not in topics
        create_topic(kafka.bootstrap, topic_prefix, 2)
        produce(kafka.bootstrap, topic_prefix, [row(6)], partition=1)
        await until(lambda: follower.rows == {1: {"authorized": 6}})
        await until(lambda: follower.source_ends == {0: 0, 1: 1})
        assert follower.source_begins == {0: 0, 1: 0}


async def test_partitions_that_are_added_are_followed_too(kafka: Kafka, topic_prefix: str) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    produce(kafka.bootstrap, topic_prefix, [row(1)], partition=0)
    kwargs = {"bootstrap_servers": kafka.bootstrap, "metadata_max_age_ms": 500}
    follower: Follower = ChangelogFollower(topic_prefix, json.loads, client_kwargs=kwargs)
    async with follower:
        await until(lambda: follower.ready)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        admin.create_partitions([NewPartitions(topic_prefix, 2)])[topic_prefix].result(30)
        await asyncio.sleep(1)
        produce(kafka.bootstrap, topic_prefix, [row(8)], partition=1)
        produce(kafka.bootstrap, topic_prefix, [row(2)], partition=0)
        await until(lambda: follower.rows == {0: {"authorized": 2}, 1: {"authorized": 8}})


async def test_it_goes_on_when_the_broker_comes_back(
    own_kafka: Callable[..., KafkaServer],
    topic_prefix: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "faust_transactions.kafka.follower")
    server = own_kafka()
    create_topic(server.bootstrap, topic_prefix, 1)
    produce(server.bootstrap, topic_prefix, [row(1)], partition=0)
    async with following(server.bootstrap, topic_prefix) as follower:
        await until(lambda: follower.ready and follower.connected)
        await asyncio.to_thread(server.stop)
        await until(lambda: not follower.connected)
        assert follower.rows == {0: {"authorized": 1}}
        await asyncio.sleep(1)  # for a second try that fails and says nothing
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(produce, server.bootstrap, topic_prefix, [row(2)], partition=0)
        await until(lambda: follower.rows == {0: {"authorized": 2}}, 40)
        assert follower.connected
    ours = [one for one in caplog.records if one.name == "faust_transactions.kafka.follower"]
    *waiting, back = [one for one in ours if topic_prefix in one.getMessage()]
    # A line for each change of reason: no answer first, then perhaps no connection.
    assert [one.levelname for one in waiting] == ["WARNING"] * len({one.args for one in waiting})
    assert 1 <= len(waiting) <= 2
    assert back.levelname == "INFO"


async def test_it_works_on_the_embedded_broker(
    embedded_broker: EmbeddedBroker, topic_prefix: str
) -> None:
    async with following(embedded_broker.address, topic_prefix) as follower:
        await until(lambda: follower.ready)
        writer = Writer(embedded_broker.address, topic_prefix)
        for count in range(1, 4):
            writer.commit([row(count)], 3)
        await until(lambda: follower.rows == {3: {"authorized": 3}})


async def test_it_keeps_up_with_many_transactions_of_the_embedded_broker(
    embedded_broker: EmbeddedBroker, topic_prefix: str
) -> None:
    """It answers a fetch with one batch: one row in each poll interval, and these took 250 s."""
    last = 1_000
    async with following(embedded_broker.address, topic_prefix) as follower:
        writer = Writer(embedded_broker.address, topic_prefix)
        writer.commit([row(0)])
        await until(lambda: follower.rows == {0: {"authorized": 0}})
        for count in range(1, last + 1):
            writer.commit([row(count)])
        await until(lambda: follower.rows == {0: {"authorized": last}}, seconds=60)


async def test_it_stops_at_once_without_a_broker() -> None:
    async with following("127.0.0.1:9", "nowhere") as follower:
        await asyncio.sleep(0.3)
        assert not follower.ready
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
