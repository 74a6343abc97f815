"""Each decision about a batch, without Kafka: begin, commit, retry, rejoin, renewal."""

import asyncio
import logging
import threading
import time
from functools import partial

import pytest
from faust.types import TP
from faust_transactions import Fenced, StateMismatch, TransactionRefused
from faust_transactions.commit import committer
from faust_transactions.commit.part import Part
from faust_transactions.errors import Abandoned, SourceMismatch
from faust_transactions.fetch.fetching import Fetch
from faust_transactions.task import State, StreamTask
from support.scripted_engine import Row, Setup


@pytest.fixture
async def setup() -> Setup:
    return Setup()


async def test_a_batch_is_committed_with_its_row_and_offset(setup: Setup) -> None:
    assert await setup.copy(setup.batch(b"a", b"b"))
    ((outputs, offset),) = setup.writer.written
    assert offset == 2
    assert [(topic, value) for topic, _, _, value, _ in outputs[:2]] == [
        ("out", b"a"),
        ("out", b"b"),
    ]
    topic, partition, key, value, headers = outputs[-1]
    assert (topic, partition, key) == ("rows", 0, b"0")
    assert Row.loads(value or b"", serializer="json") == Row(2, 2)
    assert headers == [*setup.task.source.headers(), ("transactional-id", b"app:worker")]
    assert setup.task.row == setup.table.rows[0] == Row(2, 2)
    assert setup.task.position == 2
    assert setup.outcome("committed") == 1


async def test_a_batch_that_is_done_holds_no_records(setup: Setup) -> None:
    """Each actor of an agent holds on to its last batch: with 128 partitions that was 600 MB."""
    batch = setup.batch(b"a", b"b")
    async with setup.processor.begin(batch) as tx:
        tx.send("out", b"a")
    assert tx.committed
    assert (len(batch), list(batch), list(tx.records), tx.outputs) == (2, [], [], [])
    assert (batch.first_offset, batch.next_offset) == (0, 2)
    stale = setup.batch(b"c")
    setup.task.sought(2)
    assert not await setup.copy(stale)
    assert (len(stale), list(stale)) == (1, [])


async def test_the_next_batch_sees_the_row_of_the_last(setup: Setup) -> None:
    await setup.copy(setup.batch(b"a"))
    await setup.copy(setup.batch(b"b"))
    assert setup.task.row == Row(2, 2)


async def test_a_block_that_raises_writes_nothing_and_the_batch_is_fetched_again(
    setup: Setup,
) -> None:
    with setup.asserting_no_write():
        async with setup.processor.begin(setup.batch(b"a")) as tx:
            tx.send("out", b"half")
            raise KeyError("a")
    assert setup.consumer.calls == ["rewind 0"]
    assert (setup.task.failures, setup.task.problem) == (1, "KeyError")
    assert await setup.copy(setup.batch(b"a", first=0))
    assert setup.task.failures == 0


async def test_a_block_that_raises_for_a_stale_batch_does_not_end_the_agent(setup: Setup) -> None:
    stale = setup.batch(b"a")
    setup.task.sought(2)
    async with setup.processor.begin(stale) as tx:
        _ = tx.records[0]
    assert setup.outcome("failed") == 1
    assert setup.consumer.calls == []


async def test_a_block_that_raises_is_counted_also_when_its_task_has_left(setup: Setup) -> None:
    async with setup.processor.begin(setup.batch(b"a")):
        setup.task.leave()
        raise KeyError("a")
    assert setup.outcome("failed") == 1


async def test_a_batch_that_is_begun_again_writes_nothing(setup: Setup) -> None:
    batch = setup.batch(b"a")
    assert await setup.copy(batch)
    setup.task.handed_out.append(batch.origin)
    assert not await setup.copy(batch)
    assert setup.outcome("failed") == 0
    assert len(setup.writer.written) == 1


async def test_the_consumer_is_woken_when_a_block_begins(setup: Setup) -> None:
    """One partition fewer waits for the agent then."""
    setup.capacity.clear()
    async with setup.processor.begin(setup.batch(b"a")):
        assert setup.capacity.is_set()


async def test_a_block_begins_when_the_next_transaction_is_not_full(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MAX_OUTPUTS", 1)
    written, begun = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        written.wait(5)

    setup.writer.while_writing = hold
    first = asyncio.ensure_future(setup.copy(setup.batch(b"a")))
    assert await asyncio.to_thread(begun.wait, 5)
    other = StreamTask(TP("in", 1), setup.task.source, setup.writer.producers)
    part = Part(other.tp, 1, ("rows", 1, b"1", b"{}", None), [("out", 1, None, b"v", None)])
    other.start_at(0)
    other.sought(1)
    queued = asyncio.ensure_future(setup.committer.commit(other, part))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(setup.copy(setup.batch(b"b")))
    await asyncio.sleep(0.05)
    assert setup.task.working_since is None
    written.set()
    assert await first
    await queued
    assert await second


async def test_a_seek_that_fails_does_not_end_the_agent(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_: StreamTask) -> None:
        monkeypatch.undo()
        raise OSError("no socket")

    monkeypatch.setattr(setup.consumer, "rewind", failing)
    setup.batch(b"a")  # taken by an actor that never brought it to `begin`
    assert not await setup.copy(setup.batch(b"b"))
    assert setup.consumer.calls == ["rewind 0"]


async def test_a_metric_that_fails_after_the_commit_does_not_double_the_batch(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(setup.metrics, "batch_committed", None)
        assert await setup.copy(setup.batch(b"a"))
    assert setup.consumer.calls == ["rewind 1"]
    assert await setup.copy(setup.batch(b"b", first=1))
    assert [offset for _, offset in setup.writer.written] == [1, 2]


async def test_a_batch_from_before_a_seek_is_stale(setup: Setup) -> None:
    old = setup.batch(b"a")
    setup.task.sought(2)
    with setup.asserting_no_write():
        assert not await setup.copy(old)
    assert setup.consumer.calls == []


async def test_a_batch_of_a_worker_that_stops_is_stale(setup: Setup) -> None:
    setup.stopping = True
    with setup.asserting_no_write():
        assert not await setup.copy(setup.batch(b"a"))


async def test_a_batch_that_leaves_a_gap_is_fetched_again(setup: Setup) -> None:
    setup.batch(b"a")  # taken by an actor that never brought it to `begin`
    with setup.asserting_no_write():
        assert not await setup.copy(setup.batch(b"b"))
    assert setup.consumer.calls == ["rewind 0"]


async def test_records_below_the_position_are_never_dropped_silently(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    await setup.copy(setup.batch(b"a", b"b"))
    with setup.asserting_no_write():
        assert not await setup.copy(setup.batch(b"?", first=0))
    assert "offset 0 was fetched, but 2 is the next one" in caplog.text
    assert not setup.task.is_confirmed, "whose offset it was is asked before the next commit"
    assert setup.consumer.calls == ["rewind 2"]


async def test_after_a_failed_fetch_the_topic_is_confirmed_before_a_commit(setup: Setup) -> None:
    await setup.copy(setup.batch(b"a"))
    assert setup.checks.calls == []
    setup.task.accept(Fetch(1, (), 1, 1, errors=1))
    assert await setup.copy(setup.batch(b"b"))
    assert setup.checks.calls == ["confirm"]


async def test_a_topic_that_was_replaced_stops_the_partition(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.task.doubt_source()
    setup.checks.sources_replaced[setup.task.tp] = SourceMismatch("created again")
    with setup.asserting_no_write():
        assert not await setup.copy(setup.batch(b"a"))
    assert setup.task.state is State.STOPPED
    assert setup.task.is_full, "nothing more is fetched"
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.getMessage() == "in-0 is stopped: created again"
    assert setup.consumer.calls == []
    assert not await setup.copy(setup.batch(b"b"))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Fenced("new owner"), "fenced"), (StateMismatch("hangs"), "state_mismatch")],
)
async def test_a_task_that_cannot_go_on_rejoins_once(
    setup: Setup, error: Exception, outcome: str
) -> None:
    setup.writer.errors.append(error)
    first, second = setup.batch(b"a"), setup.batch(b"b")
    assert not await setup.copy(first)
    assert not await setup.copy(second)
    await asyncio.gather(*setup.spawned)
    assert setup.task.state is State.LEAVING
    assert setup.consumer.calls == ["rejoin"]
    assert setup.outcome(outcome) == 1
    assert setup.rejoiner.rejoins.number == 1


async def test_during_a_rebalance_no_other_is_asked_for(setup: Setup) -> None:
    setup.late = True
    setup.writer.errors.append(Fenced("new owner"))
    await setup.copy(setup.batch(b"a"))
    assert setup.task.state is State.LEAVING
    assert setup.spawned == []


async def test_an_assignment_that_cannot_be_taken_on_is_rejected_during_the_rebalance(
    setup: Setup,
) -> None:
    setup.late = True
    for _ in range(2):
        setup.rejoiner.reject_assignment("fenced: expelled")
    await asyncio.gather(*setup.spawned)
    assert setup.consumer.calls == ["rejoin"]
    assert setup.rejoiner.pending


async def test_a_shared_writer_that_is_fenced_rejoins_though_the_batch_is_of_a_stopped_task(
    setup: Setup,
) -> None:
    setup.writer.errors.append(Fenced("new owner"))
    setup.writer.while_writing = lambda: setup.task.stop("another topic")
    assert not await setup.copy(setup.batch(b"a"))
    await asyncio.gather(*setup.spawned)
    assert setup.consumer.calls == ["rejoin"]


async def test_a_commit_that_does_not_end_rejoins() -> None:
    setup = Setup(commit_timeout=0.05)
    released = threading.Event()
    setup.writer.while_writing = partial(released.wait, 5)
    setup.writer.waiting_for = "commit_transaction: timed out"
    assert not await setup.copy(setup.batch(b"a"))
    released.set()
    await asyncio.gather(*setup.spawned)
    assert setup.rejoiner.rejoins.reason == "no commit in 0.05 s: commit_transaction: timed out"
    assert setup.outcome("timeout") == 1
    assert "stop" in setup.writer.calls


async def test_writing_that_was_abandoned_is_left_at_that(setup: Setup) -> None:
    setup.writer.errors.append(Abandoned("revoked"))
    assert not await setup.copy(setup.batch(b"a"))
    assert (setup.consumer.calls, setup.spawned, setup.task.failures) == ([], [], 0)


async def test_a_refused_transaction_is_logged_once_and_retried(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.writer.errors.append(TransactionRefused("too large"))
    assert not await setup.copy(setup.batch(b"a"))
    assert setup.task.refused == "too large"
    assert setup.consumer.calls == ["rewind 0"]
    assert caplog.text.count("the brokers refuse its transactions: too large") == 1
    assert await setup.copy(setup.batch(b"a", first=0))
    assert setup.task.refused is None


async def test_what_the_brokers_refused_is_remembered_over_a_rebalance(setup: Setup) -> None:
    setup.writer.errors.append(TransactionRefused("too large"))
    await setup.copy(setup.batch(b"a"))
    setup.task.refuse(None)
    setup.processor.assigned([setup.task])
    assert setup.task.refused == "too large"
    setup.processor.assigned([])
    setup.processor.assigned([setup.task])
    assert setup.task.refused is None


async def test_a_producer_that_lost_a_connection_is_renewed_and_all_is_checked(
    setup: Setup,
) -> None:
    setup.writer.disturbed = True
    assert await setup.copy(setup.batch(b"a"))
    assert setup.writer.calls == ["renew", "write"]
    assert setup.checks.calls == ["changed", "confirm"]
    setup.consumer.coordinator = "another"
    assert await setup.copy(setup.batch(b"b"))
    assert setup.writer.calls[2:] == ["renew", "write"]
    assert await setup.copy(setup.batch(b"c"))
    assert setup.writer.calls[4:] == ["write"]


async def test_a_row_that_changed_behind_a_renewed_producer_rejoins(setup: Setup) -> None:
    setup.writer.disturbed = True
    setup.checks.rows_changed[setup.task.tp] = StateMismatch("another row")
    with setup.asserting_no_write():
        assert not await setup.copy(setup.batch(b"a"))
    assert setup.task.state is State.LEAVING


async def test_a_transaction_that_leaves_out_a_topic_waits_for_the_last_ones_markers(
    setup: Setup,
) -> None:
    async with setup.processor.begin(setup.batch(b"a")) as tx:
        tx.send("rare", b"a")
    assert setup.checks.calls == []
    await setup.copy(setup.batch(b"b"))
    assert setup.checks.calls == ["hanging_before"]
    await setup.copy(setup.batch(b"c"))
    assert setup.checks.calls == ["hanging_before"]


async def waiting_agent(setup: Setup) -> asyncio.Task[None]:
    """An agent whose block waits; its task ends when the agent goes on."""
    waits = asyncio.Event()

    async def agent() -> None:
        async with setup.processor.begin(setup.batch(b"a")):
            waits.set()
            await asyncio.sleep(600)

    working = asyncio.create_task(agent())
    await waits.wait()
    return working


async def test_a_block_is_cancelled_where_it_waits_when_its_task_leaves(setup: Setup) -> None:
    working = await waiting_agent(setup)
    assert setup.task.working_since is not None
    setup.rejoiner.leave(setup.task, "a transaction hangs")
    await asyncio.wait_for(working, 5)
    assert setup.writer.written == []
    assert setup.task.working_since is None


async def test_a_block_is_cancelled_where_it_waits_when_its_partition_is_revoked(
    setup: Setup,
) -> None:
    working = await waiting_agent(setup)
    setup.task.close()
    await asyncio.wait_for(working, 5)
    assert setup.writer.calls == []


async def test_a_foreign_cancellation_is_not_swallowed(setup: Setup) -> None:
    working = await waiting_agent(setup)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_foreign_cancellation_beside_ours_is_not_swallowed(setup: Setup) -> None:
    working = await waiting_agent(setup)
    setup.task.leave()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_cancellation_after_the_task_left_is_not_swallowed(setup: Setup) -> None:
    """It left from within its own block, which is not cancelled then."""
    left = asyncio.Event()

    async def agent() -> None:
        async with setup.processor.begin(setup.batch(b"a")):
            setup.task.leave()
            left.set()
            await asyncio.sleep(600)

    working = asyncio.create_task(agent())
    await left.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_what_was_committed_after_the_partition_had_gone_changes_no_task(
    setup: Setup,
) -> None:
    loop = asyncio.get_running_loop()

    def let_go() -> None:
        gone = threading.Event()
        loop.call_soon_threadsafe(setup.task.leave)
        loop.call_soon_threadsafe(gone.set)
        gone.wait(5)

    setup.writer.while_writing = let_go
    assert await setup.copy(setup.batch(b"a")), "it is visible, and the agent sees that"
    assert setup.task.row == Row()
    assert setup.table.rows == {}


async def test_the_first_row_of_a_partition_is_committed_before_its_first_batch() -> None:
    """Else only the group's offset would say where it begins, which lost markers may move."""
    setup = Setup(new=True)
    assert await setup.copy(setup.batch(b"a"))
    assert await setup.copy(setup.batch(b"b"))
    topics = [
        ([record[0] for record in records], offset) for records, offset in setup.writer.written
    ]
    assert topics == [(["rows"], 0), (["out", "rows"], 1), (["out", "rows"], 2)]
    assert setup.task.row == Row(count=2, next_offset=2)


async def test_a_first_row_that_is_refused_writes_no_batch() -> None:
    setup = Setup(new=True)
    setup.writer.errors.append(Fenced("another member"))
    assert not await setup.copy(setup.batch(b"a"))
    assert setup.writer.written == []
    assert setup.task.state is State.LEAVING


@pytest.mark.parametrize("error", [RuntimeError("unexpected"), OSError("disk full")])
async def test_a_first_row_that_fails_unexpectedly_is_tried_again(error: Exception) -> None:
    setup = Setup(new=True)
    setup.writer.errors.append(error)
    assert not await setup.copy(setup.batch(b"a"))
    assert setup.consumer.calls == ["rewind 0"]
    assert setup.outcome("failed") == 1
    assert await setup.copy(setup.batch(b"a", first=0))


async def test_the_first_row_counts_as_waiting_not_as_work() -> None:
    setup = Setup(new=True)
    setup.writer.while_writing = partial(time.sleep, 0.2)
    assert await setup.copy(setup.batch(b"a"))
    assert setup.stage_seconds("work") < setup.stage_seconds("queue")
