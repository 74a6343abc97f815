"""What the log, a repr or a signal shows of what is being worked on: nothing of it."""

import asyncio
import logging
from typing import Any

import faust
import pytest
from faust.types import TP
from faust_transactions import Batch, Engine
from faust_transactions.task import StreamTask
from faust_transactions.testing import StoredRecord

from logs.worker import stacks
from records import PartitionCounts

CARD = "4111111111111111"


class NoWriter:
    """A writer that has nothing to write."""

    transactional_id = "test-accounts-0"

    def stop(self) -> None: ...

    def close(self) -> None: ...


def batch(origin: Any = None) -> Batch:
    value = f'{{"CreditCardNumber":"{CARD}"}}'.encode()
    return Batch("accounts", 0, [StoredRecord(7, value, CARD.encode())], origin)


async def test_a_judge_that_raises_is_logged_without_what_it_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    app = faust.App("test", broker="kafka://127.0.0.1:1", store="memory://", topic_partitions=1)
    engine = Engine(app, {})
    engine.topic("accounts", table=engine.table("counts", PartitionCounts))
    task = StreamTask(TP("accounts", 0))
    task.restore(PartitionCounts())
    task.sought(0)
    work = batch(task.hand_out(batch().records))
    async with engine.begin(work) as transaction:
        task.leave()  # so that nothing is fetched again: there is no consumer
        raise KeyError(f"{transaction.records[0]!r} in {work.records!r}")
    task.close()
    (failed,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "the batch failed: KeyError" in failed.getMessage()
    assert "in test_a_judge_that_raises" in (failed.stack_info or "")
    assert failed.exc_info is None
    assert CARD not in caplog.text


def test_a_batch_does_not_show_its_records() -> None:
    assert repr(batch()) == "Batch(topic='accounts', partition=0)"


async def test_the_stacks_of_a_process_are_shown_without_values() -> None:
    holding = asyncio.Event()

    async def hold(card: str) -> None:
        held = f"{card} of {batch().records}"
        await holding.wait()
        del held

    async def fail(card: str) -> None:
        raise ValueError(card)

    waiting = asyncio.create_task(hold(CARD), name="waiting")
    failed = asyncio.create_task(fail(CARD))
    await asyncio.wait([failed])
    shown = stacks()
    holding.set()
    await waiting
    assert isinstance(failed.exception(), ValueError)
    assert "thread MainThread" in shown
    assert "task waiting" in shown
    assert "await holding.wait()" in shown
    assert CARD not in shown
