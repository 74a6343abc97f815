"""The follower of the rules topic, on a topic in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from agents.topics.writer import LatestWriter
from agents.versions import RuleAnnouncer, RuleFollower, RuleMetrics
from rules.ruleset import load
from rules.versions.active import ActiveRules, builtin
from rules.versions.announcement import Announcement, read_announcement
from rules.versions.publication import Publication


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    offset: int


class Topic:
    """A topic with its connections; while `broken` none can be made and those there end."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.exists = True
        self.broken = False
        self.connections = 0
        self.closed = 0
        self.changed = asyncio.Event()

    def write(self, value: bytes | None, key: bytes) -> None:
        self.records.append(Record(key, value, len(self.records)))
        self.changed.set()

    def publish(self, name: str, published_at: int = 1) -> str:
        made = publication(name, published_at)
        self.write(made.dumps(), made.key)
        return made.version

    def break_off(self) -> None:
        self.broken = True
        self.changed.set()


class Connection:
    """Implements the follower's `Reader`."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._next = 0
        self.caught_up = False
        self.last_answer = 0

    async def start(self) -> bool:
        self._topic.connections += 1
        if self._topic.broken:
            raise KafkaConnectionError("away")
        return self._topic.exists

    async def poll(self, seconds: float) -> Sequence[Record]:
        if self._next == len(self._topic.records) and self.caught_up:
            self._topic.changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._topic.changed.wait(), seconds)
        if self._topic.broken:
            raise KafkaConnectionError("away")
        self.last_answer += 1
        found = self._topic.records[self._next :][:2]  # not all at once
        self._next += len(found)
        self.caught_up = self._next == len(self._topic.records)
        return found

    async def stop(self) -> None:
        self._topic.closed += 1


def publication(name: str, published_at: int) -> Publication:
    source = f'[[rule]]\nname = "{name}"\nwhen = "amount > 1"\nthen = "review"\n'
    return Publication(
        load(source).version, source, published_at, author="ann", note="why", program="9.0.0"
    )


class Worker:
    """A follower with what it changes."""

    def __init__(self, topic: Topic) -> None:
        self.active = ActiveRules(builtin())
        self.follower = RuleFollower("rules", self.active, lambda: Connection(topic))
        self.registry = CollectorRegistry()
        RuleMetrics(self.registry, self.active, self.follower)

    @property
    def version(self) -> str:
        return self.active.current.version

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@asynccontextmanager
async def following(topic: Topic) -> AsyncIterator[Worker]:
    worker = Worker(topic)
    async with worker.follower:
        yield worker


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - any condition, of what has no event
            await asyncio.sleep(0.005)


async def test_the_builtin_rules_are_active_while_nothing_was_published() -> None:
    async with following(Topic()) as worker:
        assert worker.follower.not_ready_reason == "reading the rules in topic rules"
        await worker.follower.wait_ready()
        assert worker.version == builtin().version
        assert worker.follower.health == ("ok", f"version {worker.version}")
        assert worker.follower.not_ready_reason is None
        assert worker.metric("fraud_rules_info", version=worker.version) == 1
        assert worker.metric("fraud_rules_published_timestamp_seconds") == 0


async def test_the_last_of_what_was_published_before_is_active_first() -> None:
    topic = Topic()
    topic.publish("a")
    topic.publish("b")
    last = topic.publish("c", 5_000)
    async with following(topic) as worker:
        seen = [worker.version]
        await worker.follower.wait_ready()
        seen.append(worker.version)
        assert seen == [builtin().version, last]
        assert worker.follower.offset == 2
        assert worker.metric("fraud_rules_published_timestamp_seconds") == 5


async def test_each_publication_is_followed(caplog: pytest.LogCaptureFixture) -> None:
    topic = Topic()
    with caplog.at_level(logging.INFO):
        async with following(topic) as worker:
            await worker.follower.wait_ready()
            first = topic.publish("a", 1)
            await until(lambda: worker.version == first)
            second = topic.publish("b", 2)
            await until(lambda: worker.version == second)
            topic.publish("a", 3)  # a rollback
            await until(lambda: worker.version == first)
            assert worker.active.current.since == 3
    assert caplog.messages.count(f"judging by rules {first}, published by ann: why") == 2


async def test_what_cannot_be_used_leaves_the_rules_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = Topic()
    async with following(topic) as worker:
        good = topic.publish("a")
        await until(lambda: worker.version == good)
        newer = replace(publication("b", 2), version="0123456789ab")
        topic.write(newer.dumps(), newer.key)
        await until(lambda: worker.follower.refused is not None)
        assert worker.version == good
        reason = f"judging by rules {good}, as rules 0123456789ab in topic rules cannot be used"
        assert worker.follower.not_ready_reason == reason
        assert worker.follower.health == ("bad", reason)
        assert worker.metric("fraud_rules_refused") == 1
        assert f"publish rules that it can use, as by `rules rollback {good}`" in caplog.text
        topic.publish("a", 2)
        await until(lambda: worker.follower.refused is None)
        assert worker.follower.not_ready_reason is None
        assert worker.metric("fraud_rules_refused") == 0


async def test_a_record_that_is_no_rule_set_is_reported_by_a_worker_that_stays_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = Topic()
    async with following(topic) as worker:
        good = topic.publish("a")
        await until(lambda: worker.version == good)
        topic.write(b"garbage", b"x")
        await until(lambda: worker.follower.refused is not None)
        assert worker.follower.not_ready_reason is None
        text = f"version {good}; the record at offset 1 in topic rules is no rule set"
        assert worker.follower.health == ("warn", text)
        assert worker.metric("fraud_rules_refused") == 1
        assert "see who writes to the topic, and publish the rules again" in caplog.text
        topic.write(None, b"x")
        await until(lambda: worker.follower.refused is None)
        assert worker.follower.health == ("ok", f"version {good}")


async def test_a_worker_that_starts_passes_over_what_it_cannot_use() -> None:
    topic = Topic()
    good = topic.publish("a")
    topic.write(b"garbage", b"x")
    async with following(topic) as worker:
        await worker.follower.wait_ready()
        assert worker.version == good
        assert worker.follower.refused is not None


async def test_a_deleted_publication_gives_way_to_the_one_before() -> None:
    topic = Topic()
    before, last = publication("a", 1), publication("b", 2)
    for each in (before, last):
        topic.write(each.dumps(), each.key)
    async with following(topic) as worker:
        await worker.follower.wait_ready()
        topic.write(None, last.key)
        await until(lambda: worker.version == before.version)
        topic.write(None, before.key)
        await until(lambda: worker.version == builtin().version)


async def test_an_outage_leaves_the_rules_and_what_came_meanwhile_is_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = Topic()
    first = topic.publish("a")
    with caplog.at_level(logging.INFO):
        async with following(topic) as worker:
            await worker.follower.wait_ready()
            topic.break_off()
            await until(lambda: worker.follower.health[0] == "warn")
            assert worker.version == first
            assert "the rules in topic rules cannot be read" in str(
                worker.follower.not_ready_reason
            )
            second = topic.publish("b", 2)
            topic.broken = False
            await until(lambda: worker.version == second)
            assert worker.follower.not_ready_reason is None
    assert "topic rules is readable again" in caplog.messages
    assert topic.connections == topic.closed


async def test_a_topic_that_is_not_there_is_named() -> None:
    topic = Topic()
    topic.exists = False
    async with following(topic) as worker:
        reason = "no such topic, or no right to it"
        await until(lambda: reason in str(worker.follower.not_ready_reason))
        assert worker.follower.health[0] == "warn"
        topic.exists = True
        await worker.follower.wait_ready()


class Said:
    """Takes what an announcer writes; the first `failing` writes fail."""

    def __init__(self, failing: int = 0) -> None:
        self.records: list[tuple[bytes, Announcement | None]] = []
        self.failing = failing

    async def write(self, key: bytes, value: bytes | None) -> None:
        if self.failing:
            self.failing -= 1
            raise KafkaConnectionError("away")
        self.records.append((key, read_announcement(value)))


async def test_a_worker_says_what_it_judges_by_and_what_it_refused() -> None:
    topic, said = Topic(), Said()
    async with following(topic) as worker:
        writer = LatestWriter("workers", said.write)
        announcer = RuleAnnouncer(worker.follower, worker.active, lambda: "here:1", writer)
        running = asyncio.ensure_future(writer.run())
        await until(lambda: len(said.records) == 1)
        good = topic.publish("a")
        await until(lambda: len(said.records) == 2)
        topic.write(b"garbage", b"x")
        await until(lambda: len(said.records) == 3)
        await announcer.withdraw()
        running.cancel()
    assert {key for key, _ in said.records} == {b"here:1"}
    found = [
        each and (each.worker, each.version, each.offset, each.refused) for _, each in said.records
    ]
    assert found == [
        ("here:1", builtin().version, None, ""),
        ("here:1", good, 0, ""),
        ("here:1", good, 1, "the record at offset 1"),
        None,
    ]


async def test_an_announcement_that_fails_is_made_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = Said(failing=1)
    async with following(Topic()) as worker:
        writer = LatestWriter("workers", said.write, pause=0.01)
        RuleAnnouncer(worker.follower, worker.active, lambda: "here:1", writer)
        running = asyncio.ensure_future(writer.run())
        await until(lambda: len(said.records) == 1)
        running.cancel()
    assert "topic workers cannot be written, trying again" in caplog.text


async def test_a_worker_without_brokers_stops_all_the_same() -> None:
    worker = Worker(Topic())
    writer = LatestWriter("workers", Said(failing=1).write)
    announcer = RuleAnnouncer(worker.follower, worker.active, lambda: "here:1", writer)
    await announcer.withdraw()


async def test_all_that_asked_for_it_hear_of_a_change() -> None:
    worker, heard = Worker(Topic()), list[str]()
    for name in ("a", "b"):
        worker.follower.on_change(partial(heard.append, name))
    async with worker.follower:
        await until(lambda: len(heard) == 2)
    assert heard == ["a", "b"]
