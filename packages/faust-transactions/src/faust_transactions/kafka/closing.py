"""Closing aiokafka's consumer, whatever state the connection is in."""

import asyncio

from aiokafka import AIOKafkaConsumer

#: Longest wait (s) for a broker's part in ending TLS.
GOODBYE = 1.0


async def close(consumer: AIOKafkaConsumer) -> None:
    """Closes it, started or not; never raises but when the caller itself is cancelled."""
    connections = [one._writer for one in consumer._client._conns.values() if one._writer]
    closing = asyncio.ensure_future(consumer.stop())
    done, _ = await asyncio.wait([closing], timeout=GOODBYE)
    if not done:
        # What a broker sends just then keeps TLS from being ended in order, and asyncio waits
        # for that for half a minute.
        for connection in connections:
            connection.transport.abort()
        await asyncio.wait([closing])
    if closing.cancelled() or closing.exception() is not None:
        # A fetch that waits after an error passes its own cancellation on through stop()
        # (aiokafka 0.14, Fetcher.close): it looks as if the caller were cancelled, and the
        # connections stay open.
        await consumer._client.close()
