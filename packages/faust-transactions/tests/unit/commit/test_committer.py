"""Which batches share a transaction, and what a failure of one is to the others."""

import asyncio
import threading

import pytest
from faust.types import TP
from faust_transactions import Fenced, StateMismatch, TransactionRefused
from faust_transactions.commit.committer import MAX_OUTPUTS, Committer
from faust_transactions.commit.part import Part
from faust_transactions.commit.refusals import Output
from faust_transactions.commit.shared import Member
from faust_transactions.errors import Abandoned
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import StreamTask
from support.scripted_engine import ScriptedWriter, Setup

SECONDS = 5.0


class Gate:
    """Holds the writer up in its thread, from the next transaction on."""

    def __init__(self, writer: ScriptedWriter) -> None:
        self._writing, self._go_on = threading.Event(), threading.Event()
        writer.while_writing = self._wait

    def _wait(self) -> None:
        self._writing.set()
        self._go_on.wait(SECONDS)

    async def reached(self) -> None:
        """Wait until a transaction is being written."""
        assert await asyncio.to_thread(self._writing.wait, SECONDS)

    def open(self) -> None:
        self._go_on.set()


class Several:
    """Tasks of one worker whose batches are ready while a transaction is being written."""

    def __init__(self, number: int = 3, *, timeout: float = SECONDS) -> None:
        self.setup = Setup(commit_timeout=timeout)
        self.writer = self.setup.writer
        #: Records of each batch.
        self.records = 1
        self.tasks = [self._task(partition) for partition in range(number)]

    @property
    def committer(self) -> Committer:
        return self.setup.committer

    def _task(self, partition: int) -> StreamTask:
        made = StreamTask(TP("in", partition), TopicIdentity("in", "id-1"), self.writer.producers)
        made.start_at(0)
        made.sought(1)
        self.setup.tasks[made.tp] = made
        return made

    @property
    def asked(self) -> list[list[int]]:
        """The partitions whose rows were asked for, question by question."""
        return self.setup.checks.rows_asked

    def part(self, partition: int) -> Part:
        row: Output = ("rows", partition, b"0", b"{}", None)
        outputs: list[Output] = [("out", partition, None, b"v", None)] * self.records
        return Part(self.tasks[partition].tp, 1, row, outputs)

    def commit(self, partition: int) -> asyncio.Task[None]:
        task = self.tasks[partition]
        return asyncio.create_task(self.committer.commit(task, self.part(partition)))

    async def writing_the_first(self) -> tuple[Gate, asyncio.Task[None]]:
        """Commit partition 0; its transaction is being written until the gate is opened."""
        gate = Gate(self.writer)
        first = self.commit(0)
        await gate.reached()
        return gate, first

    async def all_at_once(self, *errors: BaseException | None) -> list[BaseException | None]:
        """Commit one, and the others while its transaction is being written.

        How the others end, when the writes after the first raise these errors.
        """
        gate, first = await self.writing_the_first()
        others = [self.commit(partition) for partition in range(1, len(self.tasks))]
        await asyncio.sleep(0)
        self.writer.errors.extend([None, *errors])
        gate.open()
        await first
        return await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
async def several() -> Several:
    return Several()


def partitions(several: Several) -> list[list[int]]:
    """The source partitions of each transaction that was committed."""
    return [[tp.partition for tp in each] for each in several.writer.transactions]


async def test_batches_that_become_ready_during_a_transaction_share_the_next(
    several: Several,
) -> None:
    assert await several.all_at_once() == [None, None]
    assert partitions(several) == [[0], [1, 2]]
    assert several.asked == []


async def test_batches_that_become_ready_one_after_the_other_share_a_transaction(
    several: Several,
) -> None:
    commits = []
    for partition in range(3):
        commits.append(several.commit(partition))
        await asyncio.sleep(0)
    await asyncio.gather(*commits)
    assert partitions(several) == [[0, 1, 2]]


async def test_a_batch_whose_partition_is_revoked_before_its_transaction_begins_is_not_written(
    several: Several,
) -> None:
    commit = several.commit(0)
    await asyncio.sleep(0)
    assert await several.committer.finish(SECONDS)
    with pytest.raises(Abandoned, match="revoked"):
        await commit
    assert several.writer.calls == []


async def test_a_transaction_has_no_more_outputs_than_its_bound() -> None:
    several = Several(4)
    several.records = MAX_OUTPUTS // 2 + 1
    assert await several.all_at_once() == [None, None, None]
    assert partitions(several) == [[0], [1], [2], [3]]
    several.records = MAX_OUTPUTS // 2
    assert await several.all_at_once() == [None, None, None]
    assert partitions(several)[4:] == [[0], [1, 2], [3]]


async def test_a_batch_with_more_outputs_than_the_bound_has_a_transaction_of_its_own() -> None:
    several = Several(4)
    several.records = MAX_OUTPUTS + 1
    async with asyncio.timeout(SECONDS):
        assert await several.all_at_once() == [None, None, None]
    assert partitions(several) == [[0], [1], [2], [3]]


async def test_no_more_blocks_begin_than_fit_into_the_next_transaction() -> None:
    several = Several(9)
    gate, first = await several.writing_the_first()
    several.records = MAX_OUTPUTS
    second = several.commit(1)
    await asyncio.sleep(0)
    queued: list[int] = []

    async def block(partition: int) -> None:
        await several.committer.wait_for_capacity()
        queued.append(len(several.committer._queue))
        await several.committer.commit(several.tasks[partition], several.part(partition))

    blocks = [asyncio.create_task(block(partition)) for partition in range(2, 9)]
    await asyncio.sleep(0.05)
    assert not queued
    gate.open()
    await asyncio.gather(first, second, *blocks)
    assert queued == [0] * 7, "each that was woken looked again"
    assert len(partitions(several)) == 9


async def test_a_revocation_ends_the_wait_for_capacity(several: Several) -> None:
    gate, first = await several.writing_the_first()
    several.records = MAX_OUTPUTS
    second = several.commit(1)
    await asyncio.sleep(0)
    waiting = asyncio.create_task(several.committer.wait_for_capacity())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.open()
    assert await several.committer.finish(SECONDS)
    await asyncio.wait_for(waiting, SECONDS)
    await asyncio.gather(first, second, return_exceptions=True)


async def test_one_that_the_brokers_refuse_holds_up_no_other(several: Several) -> None:
    too_large = TransactionRefused("too large")
    assert await several.all_at_once(too_large, too_large) == [too_large, None]
    assert partitions(several) == [[0], [2]]
    assert several.asked == [[1], [2]], "the transaction of both was aborted"
    assert await several.committer.finish(0)


async def test_a_fenced_writer_ends_all_of_them(several: Several) -> None:
    found = await several.all_at_once(Fenced("another generation"))
    assert [type(each) for each in found] == [Fenced, Fenced]
    assert partitions(several) == [[0]]
    assert not await several.committer.finish(0), "it can write nothing more"


async def test_what_was_committed_alone_stays_so_when_the_next_is_fenced(several: Several) -> None:
    found = await several.all_at_once(TransactionRefused("?"), None, Fenced("a new owner"))
    assert [type(each) for each in found] == [type(None), Fenced]
    assert partitions(several) == [[0], [1]]
    assert not await several.committer.finish(0)


async def test_a_row_that_changed_concerns_its_own_partition_only(several: Several) -> None:
    several.writer.disturbed = True
    several.setup.checks.rows_changed[TP("in", 2)] = StateMismatch("another row")
    found = await several.all_at_once()
    assert [type(each) for each in found] == [type(None), StateMismatch]
    assert partitions(several) == [[0], [1]]
    assert several.writer.calls[0] == "renew"
    assert several.asked == [[0], [1, 2]], "one question for all of a transaction"


async def test_one_whose_last_transaction_hangs_holds_up_no_other(several: Several) -> None:
    for task in several.tasks:
        task.commit(None, 0, [TP("rare", 0)])
    hangs = StateMismatch("the last transaction hangs")
    several.setup.checks.hanging = {TP("in", 1): hangs}
    assert await several.all_at_once() == [hangs, None]
    assert partitions(several) == [[0], [2]]
    assert several.setup.checks.calls == ["hanging_before"] * 2, "one question for all of them"


async def test_what_hangs_of_a_task_that_is_not_in_the_transaction_is_not_decided_by_it(
    several: Several,
) -> None:
    """A marker decides whatever the same producer left open in an output partition."""
    several.tasks[0].commit(None, 0, [TP("out", 1)])
    hangs = StateMismatch("the last transaction hangs")
    several.setup.checks.hanging = {TP("in", 0): hangs}
    with pytest.raises(StateMismatch):
        await several.commit(1)
    await several.commit(2)
    assert partitions(several) == [[2]]


async def test_a_batch_of_a_partition_that_was_stopped_while_it_waited_is_not_written(
    several: Several,
) -> None:
    gate, first = await several.writing_the_first()
    second, third = several.commit(1), several.commit(2)
    await asyncio.sleep(0)
    several.tasks[1].stop("its topic was replaced")
    gate.open()
    await asyncio.gather(first, third)
    with pytest.raises(Abandoned):
        await second
    assert partitions(several) == [[0], [2]]


async def test_batches_that_wait_when_the_partitions_are_revoked_are_not_written(
    several: Several,
) -> None:
    gate, first = await several.writing_the_first()
    second = several.commit(1)
    await asyncio.sleep(0)
    finishing = asyncio.create_task(several.committer.finish(SECONDS))
    await asyncio.sleep(0)
    gate.open()
    assert await finishing, "the one under way is waited for"
    await first
    with pytest.raises(Abandoned, match="revoked"):
        await second
    assert partitions(several) == [[0]]


async def test_a_transaction_that_does_not_end_is_stopped_and_holds_up_no_later_one(
    several: Several,
) -> None:
    gate, first = await several.writing_the_first()
    assert not await several.committer.finish(0.01)
    assert several.writer.calls == ["write", "stop"]
    with pytest.raises(Abandoned):
        await first
    # The next assignment: another writer, while the thread of the first still waits.
    another = ScriptedWriter()
    another.producers = several.tasks[1].producer
    several.committer.assigned(Member(b"group", another), several.setup.consumer.coordinator)
    await asyncio.wait_for(several.commit(1), SECONDS)
    assert another.transactions == [[TP("in", 1)]]
    assert await several.committer.finish(0)
    gate.open()


async def test_a_commit_that_takes_too_long_leaves_the_writer_of_no_use() -> None:
    several = Several(timeout=0.01)
    gate = Gate(several.writer)
    with pytest.raises(TimeoutError, match=r"no commit in 0\.01 s"):
        await several.commit(0)
    assert not await several.committer.finish(0)
    gate.open()


async def test_a_writer_that_stays_is_renewed_for_a_coordinator_that_came_meanwhile(
    several: Several,
) -> None:
    several.setup.consumer.coordinator = "another"
    several.committer.assigned(Member(b"group", several.writer), "another")
    await several.commit(0)
    assert several.writer.calls == ["renew", "write"]


async def test_aborted_transactions_are_counted(several: Several) -> None:
    def abort_twice() -> None:
        several.writer.aborted += 2

    several.writer.while_writing = abort_twice
    await several.commit(0)
    assert several.setup.outcome("aborted") == 2


async def test_a_writer_is_closed_in_its_thread(several: Several) -> None:
    await several.committer.close(several.writer, SECONDS)
    assert several.writer.calls == ["close"]


async def test_closing_waits_no_longer_than_it_may(
    several: Several, caplog: pytest.LogCaptureFixture
) -> None:
    gate, first = await several.writing_the_first()
    await several.committer.close(several.writer, 0.01)
    assert "the brokers do not answer" in caplog.text
    gate.open()
    await first
