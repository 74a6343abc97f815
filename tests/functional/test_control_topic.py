"""The control topic as a worker follows and writes it, in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agents.limit import ControlFollower, PartitionControl
from agents.topics.writer import LatestWriter
from records.hold import Hold, hold_key, read_hold
from records.release import Release
from tests.functional.test_latest_writer import Written
from tests.functional.test_rule_follower import Connection, Topic, until

RELEASE = Release(3, 510, 710, None, at=1)
HOLD = Hold(1, 5, 9, 7, 1, "too many", "there:1")


def follower_of(topic: Topic) -> ControlFollower:
    return ControlFollower("control", lambda: Connection(topic))


@asynccontextmanager
async def following(topic: Topic) -> AsyncIterator[ControlFollower]:
    follower = follower_of(topic)
    async with follower:
        yield follower


async def test_releases_are_known_from_before_and_followed() -> None:
    topic = Topic()
    topic.write(RELEASE.dumps(), RELEASE.key)
    async with following(topic) as follower:
        await follower.wait_ready()
        assert follower.releases == {3: RELEASE}
        change = asyncio.ensure_future(follower.changed())
        await asyncio.sleep(0)
        later = Release(3, 710, 900, None, at=2)
        topic.write(later.dumps(), later.key)
        async with asyncio.timeout(30):
            await change
        assert follower.releases == {3: later}


async def test_a_hold_is_there_until_its_record_is_deleted() -> None:
    topic = Topic()
    topic.write(HOLD.dumps(), HOLD.key)
    async with following(topic) as follower:
        await follower.wait_ready()
        assert follower.holds == {1: HOLD}
        topic.write(None, HOLD.key)
        await until(lambda: follower.holds == {})


async def test_what_is_neither_is_ignored_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = Topic()
    for value, key in ((b"garbage", RELEASE.key), (HOLD.dumps(), b"held-2"), (b"{}", b"")):
        topic.write(value, key)
    topic.write(RELEASE.dumps(), RELEASE.key)
    async with following(topic) as follower:
        await follower.wait_ready()
        topic.write(b"more", b"x")
        await until(lambda: follower.offset == 4)
        assert (follower.releases, follower.holds) == ({3: RELEASE}, {})
    [line] = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert "topic control: the record at offset 0 is ignored" in line


async def test_an_outage_is_a_warning_and_keeps_what_was_known() -> None:
    topic = Topic()
    topic.write(RELEASE.dumps(), RELEASE.key)
    async with following(topic) as follower:
        control = PartitionControl(follower, LatestWriter("c", Written().write), lambda: "here")
        await control.was_read()
        assert control.health[0] == "ok"
        topic.break_off()
        await until(lambda: control.health[0] == "warn")
        assert control.release(3) == RELEASE
        assert control.not_ready_reason is None
        assert "cannot be read" in control.health[1]


async def test_a_hold_is_written_shown_at_once_and_deleted_when_a_batch_passes() -> None:
    written = Written()
    writer = LatestWriter("control", written.write)
    control = PartitionControl(follower_of(Topic()), writer, lambda: "here:1")
    running = asyncio.ensure_future(writer.run())
    control.begin_hold(1, 5, 9, 7, at=1, reason="too many")
    expected = Hold(1, 5, 9, 7, 1, "too many", "here:1")
    assert control.holds == {1: expected}
    await until(lambda: len(written.records) == 1)
    assert read_hold(*written.records[0]) == expected
    assert control.passed(2) is None
    assert control.passed(1) is None
    assert control.holds == {}
    await until(lambda: len(written.records) == 2)
    assert written.records[1] == (hold_key(1), None)
    running.cancel()


async def test_only_a_hold_of_another_worker_is_news_when_its_batch_passes() -> None:
    topic = Topic()
    async with following(topic) as follower:
        control = PartitionControl(follower, WrittenAtOnce(topic), lambda: "here:1")
        topic.write(HOLD.dumps(), HOLD.key)
        await until(lambda: 1 in follower.holds)
        assert control.passed(1) == HOLD

        # Its own, which it has read back, and which was released.
        control.begin_hold(1, 15, 19, 17, at=1, reason="too many")
        own = Hold(1, 15, 19, 17, 1, "too many", "here:1")
        await until(lambda: follower.holds == {1: own})
        control.end_hold(1)
        assert control.passed(1) is None


async def test_a_worker_that_loses_a_held_partition_leaves_what_it_wrote() -> None:
    written = Written()
    writer = LatestWriter("control", written.write)
    control = PartitionControl(follower_of(Topic()), writer, lambda: "here:1")
    running = asyncio.ensure_future(writer.run())
    control.begin_hold(1, 5, 9, 7, at=1, reason="too many")
    await until(lambda: len(written.records) == 1)
    control.end_hold(1)
    control.passed(1)  # as a record of its own that it has not read back yet
    await asyncio.sleep(0.01)
    assert len(written.records) == 1
    running.cancel()


class WrittenAtOnce:
    """Implements the writer: into the topic in memory."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic

    def put(self, key: bytes, value: bytes | None) -> None:
        self._topic.write(value, key)


@pytest.mark.parametrize("value", [None, b"garbage"])
async def test_a_hold_whose_record_is_deleted_or_replaced_is_written_again(
    value: bytes | None,
) -> None:
    topic = Topic()
    async with following(topic) as follower:
        control = PartitionControl(follower, WrittenAtOnce(topic), lambda: "here:1")
        await follower.wait_ready()
        control.begin_hold(1, 5, 9, 7, at=1, reason="too many")
        await until(lambda: 1 in follower.holds)
        assert len(topic.records) == 1
        topic.write(value, hold_key(1))
        await until(lambda: len(topic.records) == 3 and 1 in follower.holds)
        assert read_hold(*topic.records[2][:2]) == control.holds[1]
        # What is not its own any more is left to the next owner.
        control.end_hold(1)
        topic.write(value, hold_key(1))
        await until(lambda: follower.holds == {})
        assert len(topic.records) == 4


async def test_a_hold_is_written_again_into_a_topic_that_was_lost() -> None:
    topic = Topic()
    async with following(topic) as follower:
        control = PartitionControl(follower, WrittenAtOnce(topic), lambda: "here:1")
        control.begin_hold(1, 5, 9, 7, at=1, reason="too many")
        await until(lambda: 1 in follower.holds)
        topic.break_off()
        await until(lambda: control.health[0] == "warn")
        topic.records.clear()
        assert len(topic.records) == 0
        topic.broken = False
        await until(lambda: len(topic.records) == 1 and 1 in follower.holds)
        assert read_hold(*topic.records[0][:2]) == control.holds[1]
