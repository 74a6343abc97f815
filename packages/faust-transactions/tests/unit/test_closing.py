"""Closing a consumer whose broker does not do its part."""

import asyncio
from types import SimpleNamespace

from faust_transactions.kafka.closing import close


class EndlessGoodbye:
    """aiokafka's consumer with a connection that ends when it is cut off, and not before."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        writer = SimpleNamespace(transport=SimpleNamespace(abort=self.ended.set))
        never_opened = SimpleNamespace(_writer=None)
        connections = {1: SimpleNamespace(_writer=writer), 2: never_opened}
        self._client = SimpleNamespace(_conns=connections)

    async def stop(self) -> None:
        await self.ended.wait()


async def test_a_connection_that_is_not_ended_in_order_is_cut_off() -> None:
    consumer = EndlessGoodbye()
    async with asyncio.timeout(60):
        await close(consumer)
    assert consumer.ended.is_set()
