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
from veritas import SimulatedVeritas, VeritasRejected, VeritasUnavailable
from veritas.http import HttpVeritas

CARD = "4111111111111111"
ANSWERS = SimulatedVeritas(0.5, 3)

Handler = Callable[[web.Request], Awaitable[web.Response]]
Client = Callable[..., Awaitable[HttpVeritas]]


def account(number: int = 0, last_name: str = "Swaniawski") -> BankAccount:
    return BankAccount(
        first_name="Jimmie", last_name=last_name, credit_card_number=CARD, amount=100.0 + number
    )


@pytest.fixture
async def connect() -> AsyncIterator[Client]:
    """Serves an app, or one that has this handler at /verify; a started client of it.

    `tls` is the server's context, if it is to speak https.
    """
    servers: list[TestServer] = []
    clients: list[HttpVeritas] = []

    async def connected(
        served: web.Application | Handler, tls: ssl.SSLContext | None = None, **options: Any
    ) -> HttpVeritas:
        if not isinstance(served, web.Application):
            app = web.Application()
            app.router.add_post("/verify", served)
            served = app
        server = TestServer(served, scheme="https" if tls else "http")
        await server.start_server(ssl=tls)
        servers.append(server)
        # Patient: service and client share a process, on a machine that may be busy.
        patient = {"token": None, "key": b"key", "timeout": 30.0, "connect_timeout": 30.0}
        client = HttpVeritas(str(server.make_url("/")), **(patient | options))
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
        asked.append((time.monotonic(), dict(request.headers), await request.json()))
        if len(asked) <= len(answers):
            status, headers = answers[len(asked) - 1]
            return web.Response(status=status, headers=headers)
        return web.json_response({"authorized": True})

    return handle, asked


async def until(health: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not health():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def settled(client: HttpVeritas, asked: BankAccount) -> str:
    """What becomes of an account that is asked about until it is settled, as the judge does."""
    for _ in range(600):
        try:
            return type(await client.verify(asked)).__name__
        except VeritasUnavailable:
            await asyncio.sleep(0.05)
        except VeritasRejected:
            return "VeritasRejected"
    return "unsettled"
