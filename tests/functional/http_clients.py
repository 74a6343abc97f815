"""Clients of a service that a test makes up, over real sockets."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from records import BankAccount
from tools.veritas_server.faults import FaultPlan, Faults
from tools.veritas_server.server import create_server
from veritas import Result, SimulatedVeritas, Veritas
from veritas.breaker import Breaker
from veritas.call import HttpCalls
from veritas.client import VeritasClient

CARD = "4111111111111111"
ANSWERS = SimulatedVeritas(0.5, 3)

Handler = Callable[[web.Request], Awaitable[web.Response]]
Client = Callable[..., Awaitable[VeritasClient]]


def account(number: int = 0, last_name: str = "Swaniawski") -> BankAccount:
    return BankAccount(
        first_name="Jimmie", last_name=last_name, credit_card_number=CARD, amount=100.0 + number
    )


def client_of(
    url: str,
    *,
    token: str | None = None,
    timeout: float = 30.0,
    connect_timeout: float = 30.0,
    **options: Any,
) -> VeritasClient:
    """A client with short pauses, and patient: the service shares a process with it."""
    calls = HttpCalls(url, token=token, timeout=timeout, connect_timeout=connect_timeout)
    breaker = Breaker(first_pause=0.05, last_pause=0.1)
    return VeritasClient(calls, key=b"key", breaker=breaker, **options)


@pytest.fixture
async def connect() -> AsyncIterator[Client]:
    """Serves an app, or one that has this handler at /verify; a started client of it.

    `tls` is the server's context, if it is to speak https.
    """
    servers: list[TestServer] = []
    clients: list[VeritasClient] = []

    async def connected(
        served: web.Application | Handler, tls: ssl.SSLContext | None = None, **options: Any
    ) -> VeritasClient:
        if not isinstance(served, web.Application):
            app = web.Application()
            app.router.add_post("/verify", served)
            served = app
        server = TestServer(served, scheme="https" if tls else "http")
        await server.start_server(ssl=tls)
        servers.append(server)
        client = client_of(str(server.make_url("/")), **options)
        clients.append(client)
        await client.start()
        return client

    yield connected
    for client in clients:
        await client.close()
    for server in servers:
        await server.close()


def reference(token: str | None = None, **faults: Any) -> web.Application:
    return create_server(ANSWERS, FaultPlan(Faults(**faults)), token)


def scripted(*answers: tuple[int, dict[str, str]]) -> tuple[Handler, list[Any]]:
    """A handler that gives these statuses in turn, then authorizes; and what it was asked."""
    asked: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append((dict(request.headers), await request.json()))
        if len(asked) <= len(answers):
            status, headers = answers[len(asked) - 1]
            return web.Response(status=status, headers=headers)
        return web.json_response({"authorized": True})

    return handle, asked


async def one(client: Veritas, asked: BankAccount) -> Result:
    """The result for one account."""
    (result,) = await client.verify([asked])
    return result


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def not_ready(client: VeritasClient, asked: BankAccount) -> str:
    """The reason why an account waits that is asked about until there is one."""
    waiting = asyncio.create_task(client.verify([asked]))
    await until(lambda: client.not_ready_reason is not None or waiting.done())
    reason = client.not_ready_reason
    waiting.cancel()
    await asyncio.wait({waiting})
    assert reason is not None, waiting
    return reason
