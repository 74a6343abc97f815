"""What is decided about a source topic, with scripted answers of the brokers."""

import asyncio
import logging
from collections.abc import Iterable

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust.types import TP
from faust_transactions import Health, Span, StateMismatch
from faust_transactions.errors import Abandoned, SourceMismatch
from faust_transactions.fetch.fetching import Fetch, Fetched
from faust_transactions.kafka.source_brokers import Found
from faust_transactions.sources.losses import Losses
from faust_transactions.sources.topics import SourceTopics, source_health
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import State, StreamTask
from support.scripted_engine import Row, Setup

IN = TP("in", 0)


class ScriptedBrokers:
    """One topic with one partition; ``failures`` questions fail first."""

    def __init__(self) -> None:
        self.topic_id: str | None = "id-1"
        self.span = Span(0, 100)
        self.exists = True
        self.failures = 0

    def identify(self, topics: Iterable[str], timeout: float) -> Found:
        if self.failures:
            self.failures -= 1
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return Found(1e12, {"in": self.topic_id} if self.exists else {}, {})

    def look(self, partitions: Iterable[TP], timeout: float) -> Found:
        found = self.identify(["in"], timeout)
        return found._replace(spans={IN: self.span} if self.exists else {})


class Sources:
    def __init__(self) -> None:
        self.setup = Setup(running=False)
        self.task = self.setup.task
        self.brokers = ScriptedBrokers()
        self.losses = Losses(self.setup.metrics.lost_offsets)
        self.topics = SourceTopics(self.brokers, self.losses)

    def restored(self, position: int, source: TopicIdentity | None) -> StreamTask:
        self.task.restore(Row(1, position), source)
        return self.task

    def running(self, position: int) -> StreamTask:
        self.task.restore(Row(1, position), TopicIdentity("in", "id-1"))
        self.task.sought(1)
        return self.task

    async def check_restored(self) -> None:
        found = await self.topics.look([self.task], lambda: False)
        self.topics.check_restored([self.task], found)


@pytest.fixture
async def sources() -> Sources:
    return Sources()


async def test_a_row_of_the_same_topic_is_restored(sources: Sources) -> None:
    sources.restored(40, TopicIdentity("in", "id-1"))
    await sources.check_restored()
    assert sources.task.state is State.RESTORING


async def test_a_row_without_a_topic_is_adopted(sources: Sources) -> None:
    sources.restored(100, None)
    await sources.check_restored()
    assert sources.task.is_active
    assert sources.task.source == TopicIdentity("in", "id-1"), "the next commit writes it"


@pytest.mark.parametrize("source", [TopicIdentity("in", "id-0"), TopicIdentity("other", "id-1")])
async def test_a_row_of_another_topic_stops_the_task(
    sources: Sources, source: TopicIdentity, caplog: pytest.LogCaptureFixture
) -> None:
    sources.restored(40, source)
    await sources.check_restored()
    assert sources.task.state is State.STOPPED
    (line,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert line.getMessage().startswith("in-0 is stopped: ")
    assert (
        "restore the former topic, or process this one under another app id with outputs"
        in line.getMessage()
    )
    text = str(sources.task.stopped_reason)
    health = source_health([sources.task], sources.losses, Health("ok", "working"))
    assert health == Health("bad", f"in-0 is stopped: {text}")


@pytest.mark.parametrize("source", [None, TopicIdentity("in", "id-1")])
async def test_a_position_behind_the_end_stops_the_task(
    sources: Sources, source: TopicIdentity | None
) -> None:
    sources.restored(101, source)
    await sources.check_restored()
    assert "offsets up to 101 were processed, but the topic ends at 100" in str(
        sources.task.stopped_reason
    )


async def test_without_ids_names_and_offsets_are_compared(sources: Sources) -> None:
    sources.brokers.topic_id = None
    sources.restored(100, TopicIdentity("in"))
    await sources.check_restored()
    assert sources.task.is_active


async def test_a_position_below_the_beginning_is_a_loss(sources: Sources) -> None:
    sources.brokers.span = Span(60, 100)
    sources.restored(40, TopicIdentity("in", "id-1"))
    await sources.check_restored()
    assert sources.task.is_active
    health = source_health([sources.task], sources.losses, Health("ok", "working"))
    assert health.level == "bad"
    assert "retention deleted 20 offsets" in health.text


async def test_a_restore_waits_for_the_brokers(sources: Sources) -> None:
    sources.brokers.failures = 1
    sources.restored(40, TopicIdentity("in", "id-0"))
    await sources.check_restored()
    assert sources.task.state is State.STOPPED


async def test_a_restore_ends_when_the_app_stops(sources: Sources) -> None:
    sources.brokers.failures = 10
    sources.restored(40, None)
    with pytest.raises(Abandoned):
        await sources.topics.look([sources.task], lambda: True)


async def test_a_look_stops_a_running_task_whose_topic_was_created_again(sources: Sources) -> None:
    task = sources.running(100)
    await sources.topics.watch([task])
    states = [task.state]
    sources.brokers.topic_id = "id-2"
    await sources.topics.watch([task])
    assert [*states, task.state] == [State.RUNNING, State.STOPPED]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (TopicIdentity("out", "id-9"), "another worker with this app id processes topic out and"),
        (TopicIdentity("in", "id-9"), "the topic was deleted and created again"),
    ],
)
async def test_a_running_task_is_stopped_where_another_topics_row_is_written(
    sources: Sources, other: TopicIdentity, reason: str
) -> None:
    task = sources.running(40)
    sources.topics.stop_foreign(task, other)
    assert task.state is State.STOPPED
    assert reason in str(task.stopped_reason)


async def test_a_look_that_fails_or_finds_no_topic_changes_nothing(sources: Sources) -> None:
    task = sources.running(100)
    sources.brokers.failures = 1
    await sources.topics.watch([task])
    sources.brokers.exists = False
    await sources.topics.watch([task])
    assert task.state is State.RUNNING


async def test_a_look_does_not_take_a_commit_behind_its_back_for_truncated(
    sources: Sources,
) -> None:
    task = sources.running(100)
    sources.brokers.span = Span(0, 90)
    await sources.topics.watch([task])
    assert task.state is State.RUNNING


async def test_before_a_commit_a_topic_is_confirmed_or_refused(sources: Sources) -> None:
    task = sources.running(10)
    task.doubt_source()
    sources.brokers.failures = 1
    (error,) = sources.topics.confirm([task]).values()
    assert isinstance(error, StateMismatch), "the brokers did not answer"
    assert sources.topics.confirm([task]) == {}
    assert task.is_confirmed
    sources.brokers.topic_id = "id-2"
    error = sources.topics.confirm([task])[task.tp]
    assert isinstance(error, SourceMismatch)
    assert "deleted and created again" in str(error)


async def out_of_range(sources: Sources, task: StreamTask) -> None:
    assert task.accept(Fetch(1, (), None, None, 1, out_of_range=True)) is Fetched.OUT_OF_RANGE
    assert task.wait_for_range()
    assert task.is_full
    assert not task.wait_for_range(), "one answer is waited for"
    await asyncio.wait_for(sources.topics.resolve_range(task, sources.setup.consumer), 20)


async def test_an_offset_that_retention_deleted_is_passed_over(sources: Sources) -> None:
    task = sources.running(40)
    sources.brokers.span = Span(60, 100)
    sources.brokers.failures = 1
    await out_of_range(sources, task)
    assert sources.setup.consumer.calls == ["skip 60"]
    assert not task.is_full
    assert task.lag(100) == 40
    assert "from 40 up to 60" in str(sources.losses.health())


async def test_an_offset_behind_the_end_stops_the_task(sources: Sources) -> None:
    task = sources.running(40)
    sources.brokers.span = Span(0, 30)
    await out_of_range(sources, task)
    assert task.state is State.STOPPED
    assert sources.setup.consumer.calls == []


async def test_an_offset_out_of_range_in_another_topic_stops_the_task(sources: Sources) -> None:
    task = sources.running(40)
    sources.brokers.topic_id = "id-2"
    await out_of_range(sources, task)
    assert task.state is State.STOPPED


async def test_an_offset_that_is_there_after_all_is_fetched(sources: Sources) -> None:
    task = sources.running(40)
    await out_of_range(sources, task)
    assert sources.setup.consumer.calls == ["skip 40"]
