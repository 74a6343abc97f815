"""Faust's producer, which does not wait for brokers that are away when the app stops."""

from __future__ import annotations

import asyncio

from faust.transport.drivers import aiokafka as driver

from faust_transactions import compat

__all__ = ["StoppableProducer"]

#: Longest wait (s) for records under way, and then for the connection to be closed. The worker has
#: ten seconds for its whole stop.
FLUSH_TIMEOUT, CLOSE_TIMEOUT = 1.5, 0.5


class StoppableProducer(driver.Producer):
    """For what an app sends outside of its transactions, which the engine knows nothing of.

    Faust flushes it when the app stops, and aiokafka then waits for as long as the brokers are
    away, whatever the signal. Here records that are not acknowledged in time are dropped,
    with a warning; whoever awaits their result is cancelled.
    """

    async def flush(self) -> None:
        """Wait until all is acknowledged; a few seconds at most when the app is stopping."""
        if not self.app.should_stop:
            await super().flush()
            return
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT):
                await super().flush()
        except TimeoutError:
            self.log.warning("closed with unacknowledged records")

    async def on_stop(self) -> None:
        """Close the connection, in order if the brokers let us."""
        producer = compat.current_producer(self)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await super().on_stop()
        except TimeoutError:
            if producer is not None:
                await compat.close_producer(producer, CLOSE_TIMEOUT)
