"""The writer of a topic whose readers want the last value of each key."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from agents.topics.writer import LatestWriter
from tests.functional.test_rule_follower import until


class Written:
    """Takes what a writer writes; the first `failing` writes fail."""

    def __init__(self, failing: int = 0) -> None:
        self.records: list[tuple[bytes, bytes | None]] = []
        self.failing = failing

    async def write(self, key: bytes, value: bytes | None) -> None:
        if self.failing:
            self.failing -= 1
            raise KafkaConnectionError("away")
        self.records.append((key, value))


async def test_a_write_that_fails_is_made_again_with_what_is_true_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    written = Written(failing=2)
    writer = LatestWriter("a_topic", written.write, pause=0.01)
    running = asyncio.ensure_future(writer.run())
    writer.put(b"a", b"1")
    await until(lambda: written.failing < 2)
    writer.put(b"a", b"2")
    writer.put(b"b", None)
    await until(lambda: len(written.records) == 2)
    assert written.records == [(b"a", b"2"), (b"b", None)]
    assert caplog.text.count("topic a_topic cannot be written, trying again") == 1
    running.cancel()


async def test_nothing_that_waits_to_be_written_follows_the_tombstone_of_a_stop() -> None:
    written = Written()
    writer = LatestWriter("a_topic", written.write)
    writer.put(b"here:1", b"{}")
    await writer.delete_at_stop(b"here:1")
    running = asyncio.ensure_future(writer.run())
    writer.put(b"here:2", None)
    await until(lambda: len(written.records) == 2)
    running.cancel()
    assert [key for key, _ in written.records] == [b"here:1", b"here:2"]


async def test_a_stop_during_a_write_leaves_the_writer_running() -> None:
    written: list[tuple[bytes, bytes | None]] = []

    async def write(key: bytes, value: bytes | None) -> None:
        written.append((key, value))
        if value == b"{}":
            await writer.delete_at_stop(key)

    writer = LatestWriter("a_topic", write)
    running = asyncio.ensure_future(writer.run())
    writer.put(b"here:1", b"{}")
    await until(lambda: len(written) == 2)
    writer.put(b"here:2", b"2")
    await until(lambda: len(written) == 3)
    running.cancel()
    assert written == [(b"here:1", b"{}"), (b"here:1", None), (b"here:2", b"2")]
