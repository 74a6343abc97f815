"""Sending on a connection that uvloop has closed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.coordination import FindCoordinatorRequest
from faust_transactions.kafka import closed_connections
from faust_transactions.kafka.closed_connections import report_closed_connections


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    before = AIOKafkaConnection.send
    AIOKafkaConnection.send = closed_connections._send
    yield
    AIOKafkaConnection.send = before


async def sent_on_a_closed_connection() -> None:
    """Send a request on a TCP connection whose transport is closed."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        connection: Any = AIOKafkaConnection(host, port)
        connection._reader, connection._writer = await asyncio.open_connection(host, port)
        connection._versions = {10: (0, 0)}
        # Not aiokafka's own, which would notice the end of the connection by itself.
        connection._read_task = asyncio.ensure_future(asyncio.sleep(0))
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        await connection.send(FindCoordinatorRequest("group", 0))


def test_a_connection_that_uvloop_closed_counts_as_broken() -> None:
    # What is mended: aiokafka lets uvloop's error out.
    with pytest.raises(RuntimeError, match="handler is closed"):
        uvloop.run(sent_on_a_closed_connection())
    report_closed_connections()
    with pytest.raises(KafkaConnectionError, match="handler is closed"):
        uvloop.run(sent_on_a_closed_connection())


def test_other_errors_of_a_send_are_left_as_they_are() -> None:
    report_closed_connections()

    class Broken:
        def write(self, _data: bytes) -> None:
            raise RuntimeError("something else")

        def is_closing(self) -> bool:
            return False

    async def send() -> None:
        connection: Any = AIOKafkaConnection("127.0.0.1", 1)
        connection._writer = Broken()
        connection._versions = {10: (0, 0)}
        connection.send(FindCoordinatorRequest("group", 0))

    with pytest.raises(RuntimeError, match="something else"):
        asyncio.run(send())
