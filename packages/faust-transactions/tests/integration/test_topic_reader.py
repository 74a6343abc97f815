"""A partition read from its beginning and followed, on both brokers."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka.errors import KafkaError
from faust_transactions import TopicReader

from tests.brokers import Kafka
from tests.topics import create_topic, delete_topic, produce
from tools.devbroker import EmbeddedBroker

Open = Callable[[str, str], TopicReader]


@pytest.fixture
async def connect() -> AsyncIterator[Open]:
    opened: list[TopicReader] = []

    def connect(bootstrap: str, topic: str) -> TopicReader:
        opened.append(TopicReader(topic, {"bootstrap_servers": bootstrap}))
        return opened[-1]

    yield connect
    for each in opened:
        await each.stop()


async def values(reader: TopicReader, number: int) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(30):
        while len(found) < number:
            found += [each.value for each in await reader.poll(0.5)]
    return found


async def caught_up(reader: TopicReader) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(30):
        while not reader.caught_up:
            found += [each.value for each in await reader.poll(0.5)]
    return found


async def test_what_is_there_is_read_then_what_follows(
    kafka: Kafka, topic_prefix: str, connect: Open
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 2)
    written = [b"%d" % number for number in range(2_000)]
    produce(kafka.bootstrap, topic_prefix, written, partition=0)
    produce(kafka.bootstrap, topic_prefix, [b"of another partition"], partition=1)
    reader = connect(kafka.bootstrap, topic_prefix)
    assert await reader.start()
    assert not reader.caught_up
    assert await caught_up(reader) == written
    produce(kafka.bootstrap, topic_prefix, [b"new", None], partition=0, key=b"k")
    assert await values(reader, 2) == [b"new", None]
    assert reader.last_answer > 0


async def test_an_empty_partition_is_read_at_once(
    kafka: Kafka, topic_prefix: str, connect: Open
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    reader = connect(kafka.bootstrap, topic_prefix)
    assert await reader.start()
    assert reader.caught_up
    assert await reader.poll(0.01) == []


async def test_a_topic_that_is_not_there_is_not_made(
    kafka: Kafka, topic_prefix: str, connect: Open
) -> None:
    assert not await connect(kafka.bootstrap, topic_prefix).start()
    assert not await connect(kafka.bootstrap, topic_prefix).start()


async def test_a_record_of_two_megabytes_is_read(
    kafka: Kafka, topic_prefix: str, connect: Open
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1, config={"max.message.bytes": "3000000"})
    large = b"x" * 2_000_000
    client = {"message.max.bytes": 3_000_000}
    produce(kafka.bootstrap, topic_prefix, [large, b"small"], partition=0, client=client)
    reader = connect(kafka.bootstrap, topic_prefix)
    assert await reader.start()
    assert await caught_up(reader) == [large, b"small"]


async def test_a_topic_that_was_made_anew_is_an_error(
    kafka: Kafka, topic_prefix: str, connect: Open
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    produce(kafka.bootstrap, topic_prefix, [b"a", b"b"], partition=0)
    reader = connect(kafka.bootstrap, topic_prefix)
    assert await reader.start()
    assert await caught_up(reader) == [b"a", b"b"]
    delete_topic(kafka.bootstrap, topic_prefix)
    create_topic(kafka.bootstrap, topic_prefix, 1)
    with pytest.raises(KafkaError):
        await values(reader, 1)


async def test_the_embedded_broker_will_do(
    embedded_broker: EmbeddedBroker, topic_prefix: str, connect: Open
) -> None:
    produce(embedded_broker.address, topic_prefix, [b"a", b"b"], partition=0)
    reader = connect(embedded_broker.address, topic_prefix)
    assert await reader.start()
    assert await caught_up(reader) == [b"a", b"b"]
    produce(embedded_broker.address, topic_prefix, [b"c"], partition=0)
    assert await values(reader, 1) == [b"c"]
