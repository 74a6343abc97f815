"""A batch is worked on while the one before it is committed; what happens when that fails."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from faust_transactions import Batch, Fenced, TransactionRefused
from faust_transactions.errors import Abandoned
from faust_transactions.fetch.fetching import Origin
from faust_transactions.task import State
from support.scripted_engine import Row, Setup


class Commits:
    """Holds back the writer's commits one by one."""

    def __init__(self, setup: Setup) -> None:
        self._began = asyncio.Event()
        self._end = threading.Semaphore(0)
        self._loop = asyncio.get_running_loop()
        setup.writer.while_writing = self._hold

    def _hold(self) -> None:
        self._loop.call_soon_threadsafe(self._began.set)
        assert self._end.acquire(timeout=10)

    async def begun(self) -> None:
        """Wait for the next commit."""
        await asyncio.wait_for(self._began.wait(), 5)
        self._began.clear()

    def end(self, number: int = 1) -> None:
        self._end.release(number)


class Block:
    """An agent's block, which ends when `may_end` is set."""

    def __init__(self, setup: Setup, batch: Batch) -> None:
        self.row: Row | None = None
        self.records = 0
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self._setup, self._batch = setup, batch
        self.committed = asyncio.ensure_future(self._work())

    async def _work(self) -> bool:
        async with self._setup.processor.begin(self._batch) as tx:
            self.row, self.records = tx.state, len(tx.records)
            self.begun.set()
            await self.may_end.wait()
            for record in tx.records:
                tx.send("out", record.value)
            tx.state = Row(tx.state.count + len(tx.records))
        return tx.committed


@pytest.fixture
async def setup() -> Setup:
    return Setup()


@pytest.fixture
async def commits(setup: Setup) -> AsyncIterator[Commits]:
    found = Commits(setup)
    yield found
    found.end(100)


async def done(call: "asyncio.Future[bool]") -> bool:
    return await asyncio.wait_for(call, 5)


async def begun(block: Block) -> Block:
    await asyncio.wait_for(block.begun.wait(), 5)
    return block


async def committing(
    setup: Setup, commits: Commits, *values: bytes, first: int | None = None
) -> "asyncio.Future[bool]":
    """A batch whose commit has begun."""
    copied = asyncio.ensure_future(setup.copy(setup.batch(*values, first=first)))
    await commits.begun()
    return copied


async def raising(setup: Setup, batch: Batch) -> None:
    async with setup.processor.begin(batch):
        raise KeyError("block")


async def test_it_is_worked_on_with_the_row_as_it_will_be(setup: Setup, commits: Commits) -> None:
    first = await committing(setup, commits, b"a", b"b")
    second = await begun(Block(setup, setup.batch(b"c")))
    assert second.row == Row(2, 2)
    assert setup.task.row == Row(), "but nothing is committed yet"
    assert setup.task.position == 0
    second.may_end.set()
    commits.end(2)
    assert [await done(first), await done(second.committed)] == [True, True]
    assert setup.task.row == setup.table.rows[0] == Row(3, 3)
    assert [offset for _, offset in setup.writer.written] == [2, 3]


async def test_it_is_never_in_the_transaction_of_the_one_before(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")
    second = asyncio.ensure_future(setup.copy(setup.batch(b"b")))
    third = asyncio.ensure_future(setup.copy(setup.batch(b"c")))
    commits.end(3)
    assert all([await done(each) for each in (first, second, third)])
    assert setup.writer.transactions == [[setup.task.tp]] * 3


async def test_only_one_is_worked_on_ahead(setup: Setup, commits: Commits) -> None:
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    third = Block(setup, setup.batch(b"c"))
    second.may_end.set()
    await asyncio.sleep(0.05)
    assert not third.begun.is_set()
    commits.end()
    assert await done(first)
    await begun(third)


@pytest.mark.parametrize("has_ended", [True, False])
async def test_when_the_commit_fails_it_is_dropped_and_both_are_fetched_again(
    setup: Setup, commits: Commits, has_ended: bool
) -> None:
    setup.writer.errors.append(TransactionRefused("too large"))
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    if has_ended:
        second.may_end.set()
        await asyncio.sleep(0)
    commits.end(100)
    assert [await done(first), await done(second.committed)] == [False, False]
    assert setup.writer.written == []
    assert setup.consumer.calls == ["rewind 0"]
    assert setup.task.failures == 1, "of the batch that failed, not of the one dropped"
    assert await setup.copy(setup.batch(b"a", first=0))
    assert await setup.copy(setup.batch(b"b"))
    assert setup.task.row == Row(2, 2)


async def test_while_batches_fail_none_is_worked_on_ahead(setup: Setup, commits: Commits) -> None:
    setup.writer.errors += [TransactionRefused("too large"), TransactionRefused("too large")]
    commits.end()
    assert not await done(await committing(setup, commits, b"a"))
    again = await committing(setup, commits, b"a", first=0)
    ahead = Block(setup, setup.batch(b"b"))
    await asyncio.sleep(0.05)
    assert not ahead.begun.is_set()
    ahead.may_end.set()
    commits.end(100)
    assert [await done(again), await done(ahead.committed)] == [False, False]
    assert ahead.records == 0, "it was stale by then"


async def test_when_its_block_raises_the_commit_before_it_stands(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")
    second = asyncio.ensure_future(raising(setup, setup.batch(b"b")))
    await asyncio.sleep(0.05)
    assert setup.consumer.calls == [], "where to fetch again is not known yet"
    commits.end(100)
    assert await done(first)
    await asyncio.wait_for(second, 5)
    assert setup.consumer.calls == ["rewind 1"]
    assert await setup.copy(setup.batch(b"b", first=1))
    assert setup.task.row == Row(2, 2)


async def test_when_its_block_raises_and_the_commit_before_it_fails_it_is_dropped(
    setup: Setup, commits: Commits
) -> None:
    setup.writer.errors.append(TransactionRefused("too large"))
    first = await committing(setup, commits, b"a")
    second = asyncio.ensure_future(raising(setup, setup.batch(b"b")))
    await asyncio.sleep(0)
    commits.end(100)
    assert not await done(first)
    await asyncio.wait_for(second, 5)
    assert setup.consumer.calls == ["rewind 0"]
    assert setup.task.failures == 1


async def test_what_cannot_be_written_is_the_failure_of_its_own_batch(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")

    async def unwritable() -> None:
        async with setup.processor.begin(setup.batch(b"b")) as tx:
            tx.state = Row(object())

    second = asyncio.ensure_future(unwritable())
    commits.end(100)
    assert await done(first)
    await asyncio.wait_for(second, 5)
    assert setup.consumer.calls == ["rewind 1"]
    assert setup.task.next_row == Row(1, 1), "nothing is expected any more"
    assert await setup.copy(setup.batch(b"b", first=1))


async def test_what_a_seek_fetches_again_during_a_commit_is_not_worked_on_twice(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")
    await setup.consumer.rewind(setup.task)
    again = asyncio.ensure_future(setup.copy(setup.batch(b"a", first=0)))
    await asyncio.sleep(0.05)
    commits.end(100)
    assert await done(first)
    assert not await done(again)
    assert [offset for _, offset in setup.writer.written] == [1]
    assert setup.consumer.calls == ["rewind 0", "rewind 1"]


async def test_when_the_worker_is_fenced_it_is_dropped(setup: Setup, commits: Commits) -> None:
    setup.writer.errors.append(Fenced("new owner"))
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    commits.end(100)
    assert [await done(first), await done(second.committed)] == [False, False]
    assert (setup.writer.written, setup.consumer.calls) == ([], ["rejoin"])


async def test_when_the_commit_fails_without_a_seek_it_sees_to_one(
    setup: Setup, commits: Commits
) -> None:
    """Another partition's time-out has stopped the writer; or the seek could not be made."""
    setup.writer.errors.append(Abandoned("stopped"))
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    commits.end(100)
    assert [await done(first), await done(second.committed)] == [False, False]
    assert setup.writer.written == []
    assert setup.consumer.calls == ["rewind 0"]


async def test_when_the_agent_is_cancelled_during_the_commit_nothing_is_written_twice(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    first.cancel()
    commits.end(100)
    assert not await done(second.committed)
    await asyncio.gather(*setup.spawned)
    assert setup.task.state is State.LEAVING, "what it knows may be old"
    assert setup.consumer.calls == ["rejoin"]


async def test_a_block_that_swallows_its_cancellation_is_cancelled_again_by_a_revocation(
    setup: Setup, commits: Commits
) -> None:
    setup.writer.errors.append(TransactionRefused("too large"))
    first = await committing(setup, commits, b"a")
    begun, swallowed = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        async with setup.processor.begin(setup.batch(b"b")):
            begun.set()
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                swallowed.set()
            await asyncio.sleep(600)

    second = asyncio.ensure_future(stubborn())
    await asyncio.wait_for(begun.wait(), 5)
    commits.end(100)
    await asyncio.wait_for(swallowed.wait(), 5)
    setup.task.close()
    await asyncio.wait_for(second, 5)
    assert not await done(first)
    assert second.cancelling() == 0, "the agent goes on with its next batch"


async def test_a_revocation_ends_both(setup: Setup, commits: Commits) -> None:
    first = await committing(setup, commits, b"a")
    second = await begun(Block(setup, setup.batch(b"b")))
    setup.task.close()
    commits.end()
    assert await setup.committer.finish(5)
    assert await done(first), "its transaction was under way"
    assert not await done(second.committed)
    assert [offset for _, offset in setup.writer.written] == [1]
    assert setup.task.state is State.CLOSED


async def test_what_is_handed_out_is_in_flight_until_it_is_committed(
    setup: Setup, commits: Commits
) -> None:
    first = await committing(setup, commits, b"a")
    second = Block(setup, setup.batch(b"b"))
    second.may_end.set()
    await begun(second)
    assert [origin.size for origin in setup.task.handed_out] == [1, 1]
    assert all(isinstance(origin, Origin) for origin in setup.task.handed_out)
    commits.end(100)
    await done(first)
    await done(second.committed)
    assert not setup.task.handed_out
