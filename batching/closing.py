"""Closing aiokafka's consumer, whatever state the connection is in."""

import asyncio

from aiokafka import AIOKafkaConsumer


async def close(consumer: AIOKafkaConsumer) -> None:
    """Closes it, started or not; never raises but when the caller itself is cancelled."""
    closing = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([closing])
    if closing.cancelled() or closing.exception() is not None:
        # A fetch that waits after an error passes its own cancellation on through stop()
        # (aiokafka 0.14, Fetcher.close): it looks as if the caller were cancelled, and the
        # connections stay open.
        await consumer._client.close()
