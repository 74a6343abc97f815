"""What is logged while the brokers do not answer, and how waiting ends."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from faust_transactions.commit.waiting import wait_for_calls
from faust_transactions.errors import Abandoned
from faust_transactions.observe.failures import ReasonLog


@dataclass
class Writer:
    transactional_id: str
    waiting_for: str | None = None
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True

    async def call(self) -> None:
        """Go on when it waits for nothing, give up when it is stopped."""
        while self.waiting_for:
            if self.stopped:
                raise Abandoned(self.transactional_id)
            await asyncio.sleep(0.01)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.fixture
def log() -> ReasonLog:
    return ReasonLog(logging.getLogger("waiting"), logging.WARNING)


async def test_a_long_wait_is_one_line_for_each_reason_whatever_the_number_of_partitions(
    log: ReasonLog, caplog: pytest.LogCaptureFixture
) -> None:
    writers = [Writer(f"app:in:{number}", "init_transactions: no answer") for number in range(3)]

    async def brokers_come_back() -> None:
        await until(lambda: len(caplog.messages) == 1)
        await asyncio.sleep(0.6)  # another look, for the same reason
        for writer in writers:
            writer.waiting_for = "init_transactions: loading"
        await until(lambda: len(caplog.messages) == 2)
        for writer in writers:
            writer.waiting_for = None

    calls = [writer.call() for writer in writers]
    async with asyncio.timeout(20):
        await asyncio.gather(
            wait_for_calls(writers, calls, lambda: False, log, 0.0), brokers_come_back()
        )
    assert [message.partition(" s, ")[2] for message in caplog.messages] == [
        "trying again: init_transactions: no answer",
        "trying again: init_transactions: loading",
    ]
    assert caplog.messages[0].startswith("app:in:0 (and 2 more): waiting for the brokers for ")


async def test_a_short_wait_is_no_line(log: ReasonLog, caplog: pytest.LogCaptureFixture) -> None:
    await wait_for_calls([Writer("app:in:0")], [Writer("app:in:0").call()], lambda: False, log)
    assert not caplog.messages


async def test_an_app_that_stops_lets_the_calls_give_up(log: ReasonLog) -> None:
    writers = [Writer("app:in:0", "no answer"), Writer("app:in:1", "no answer")]
    with pytest.raises(Abandoned):
        await wait_for_calls(writers, [each.call() for each in writers], lambda: True, log)
    assert all(writer.stopped for writer in writers)
