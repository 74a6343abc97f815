"""The producer agent: sends fake accounts, so that the stream runs by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import faust

from agents.fakes import FakeAccounts

__all__ = ["Send", "produce_fakes", "production", "sender"]

logger = logging.getLogger(__name__)

#: Hands a value to the producer; await its result for the acknowledgement.
Send = Callable[[bytes], Awaitable[Awaitable[object]]]

#: Accounts made before other tasks get a turn: Faker takes about 50 µs for each.
AT_ONCE = 50


def produce_fakes(
    app: faust.App, topic: str, seed: int | None, size: int, failed: Callable[[int], None]
) -> Callable[[], Awaitable[None]]:
    """Make the body of the timer for `size` fake accounts a tick; `failed` as in `production`."""
    return production(send=sender(app, topic), fakes=FakeAccounts(seed), size=size, failed=failed)


def production(
    *, send: Send, fakes: FakeAccounts, size: int, failed: Callable[[int], None]
) -> Callable[[], Awaitable[None]]:
    """Make the body of the timer, which sends ``size`` accounts at each tick.

    A tick that fails is logged and calls ``failed`` with the number of accounts that were not
    acknowledged. It raises nothing: an exception in a timer ends the worker.
    """

    async def produce_accounts() -> None:
        """Send fake bank accounts and wait until the broker has them."""
        sent: list[Awaitable[object]] = []
        lost = 0
        problem: BaseException | None = None
        try:
            for number in range(size):
                sent.append(await send(fakes.make().dumps()))
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the next tick tries again
            lost, problem = size - len(sent), exc
        for result in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(result, BaseException):
                lost, problem = lost + 1, result
        if lost:
            failed(lost)
            # Only the kind of error: its text may quote the record, and with it the card.
            logger.error(
                "%d of %d fake accounts were not acknowledged (%s); the next tick sends others",
                lost,
                size,
                type(problem).__name__,
            )

    return produce_accounts


def sender(app: faust.App, topic: str) -> Send:
    """Send past Faust's topics: those would log the value, card and all, at debug level."""

    async def send(value: bytes) -> Awaitable[object]:
        producer = cast(Any, await app.maybe_start_producer())
        return cast(Awaitable[object], await producer.send(topic, None, value, None, None, None))

    return send
