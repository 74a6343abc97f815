"""Exactly once and in order whatever fails, in random sequences of failures. Without Kafka."""

import asyncio
import json
import random
import time

import pytest
from faust_transactions import Batch, Fenced, TransactionRefused
from faust_transactions.commit import failures
from faust_transactions.commit.committer import Member
from faust_transactions.errors import Abandoned, StateMismatch
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import State, StreamTask
from support.scripted_engine import SOURCE, Row, Setup, fetched

RECORDS = 100
ACTORS = 4
ERRORS = (
    *(TransactionRefused("refused"), StateMismatch("another row"), Fenced("new owner")),
    *(Abandoned("stopped"), RuntimeError("unexpected")),
)


class Run:
    """A worker with one partition, its consumer and its agent; all of them fail now and then."""

    def __init__(self, seed: int) -> None:
        self.setup = Setup(new=True)
        self.random = random.Random(seed)
        self._in_thread = random.Random(seed)
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()
        self._next = 0
        self.setup.consumer.rewind = self._rewind  # type: ignore[method-assign]
        self.setup.writer.while_writing = self._write

    def _write(self) -> None:
        time.sleep(self._in_thread.random() * 0.002)
        if self._in_thread.random() < 0.15:
            raise self._in_thread.choice(ERRORS)

    async def _rewind(self, task: StreamTask) -> None:
        at = task.position
        assert at is not None
        await asyncio.sleep(self.random.random() * 0.002)
        if task is self.setup.task:
            self._seek(task, at)

    def _seek(self, task: StreamTask, at: int) -> None:
        self.setup.consumer.seeks += 1
        task.sought(self.setup.consumer.seeks)
        self._next = at

    def fetch(self) -> None:
        task = self.setup.task
        while task.state is State.RUNNING and task.outstanding < 2 and self._next < RECORDS:
            size = min(self.random.randint(1, 4), RECORDS - self._next)
            values = [b"%d" % offset for offset in range(self._next, self._next + size)]
            records = fetched(*values, first=self._next)
            origin = task.hand_out(records)
            self._next += size
            if self.random.random() < 0.02:
                task.finished(origin)  # an actor that crashed took it
            else:
                self._batches.put_nowait(Batch("in", 0, records, origin))

    async def agent(self) -> None:
        while True:
            async with self.setup.processor.begin(await self._batches.get()) as tx:
                await self._work()
                for record in tx.records:
                    tx.send("out", record.value)
                if self.random.random() < 0.7:
                    tx.state = Row(tx.state.count + len(tx.records))

    async def _work(self) -> None:
        is_stubborn = self.random.random() < 0.1
        for _ in range(self.random.randint(0, 3)):
            try:
                await asyncio.sleep(self.random.random() * 0.002)
            except asyncio.CancelledError:
                if not is_stubborn:
                    raise
        if self.random.random() < 0.05:
            raise KeyError("block")

    async def rebalance(self) -> None:
        setup = self.setup
        setup.task.close()
        await setup.committer.finish(5)
        setup.rejoiner.assigned()
        setup.task = setup.tasks[SOURCE] = task = StreamTask(
            SOURCE, TopicIdentity("in", "id-1"), setup.writer.producers
        )
        setup.committer.assigned(Member(b"group", setup.writer), setup.consumer.coordinator)
        at = 0
        if setup.writer.written:
            records, at = setup.writer.written[-1]
            row = json.loads(records[-1][3] or b"")
            task.restore(Row(row["count"], at), task.source, setup.writer.transactional_id)
        else:
            task.start_at(0)
        self._seek(task, at)

    async def until_all_is_committed(self) -> None:
        while self.setup.task.position != RECORDS:
            self.fetch()
            await asyncio.sleep(0.001)
            chance = self.random.random()
            if self.setup.task.state is not State.RUNNING or chance < 0.003:
                await self.rebalance()
            elif chance < 0.007 or self._is_idle:
                await self._rewind(self.setup.task)  # as for a gap in what was fetched

    @property
    def _is_idle(self) -> bool:
        """Whether the last batches were lost: only a further record would show that."""
        return self._next == RECORDS and not self.setup.task.handed_out

    @property
    def outputs(self) -> list[bytes | None]:
        records = [record for batch, _ in self.setup.writer.written for record in batch]
        return [value for topic, _, _, value, _ in records if topic == "out"]


@pytest.mark.parametrize("seed", range(20))
async def test_each_record_is_written_once_and_in_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "FIRST_PAUSE", 0.002)
    monkeypatch.setattr(failures, "LAST_PAUSE", 0.004)
    run = Run(seed)
    agents = [asyncio.ensure_future(run.agent()) for _ in range(ACTORS)]
    await asyncio.wait_for(run.until_all_is_committed(), 30)
    assert not [agent for agent in agents if agent.done()], "no error reaches the agent"
    for agent in agents:
        agent.cancel()
    assert run.outputs == [b"%d" % offset for offset in range(RECORDS)]
