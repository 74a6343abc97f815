"""`top` reads what a worker tells its page."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp.web
from aiohttp.test_utils import TestServer

from cli.top.worker_snapshot import WorkerSnapshot
from cli.top.worker_stream import WorkerStream
from tests.faust_apps import mark_stopping
from tests.functional.web.web_fakes import Stage
from web import Health


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[TestServer]:
    server = TestServer(stage.web_app())
    async with server:
        yield server
        mark_stopping(stage.app)


@asynccontextmanager
async def followed(url: str, token: str | None = None) -> AsyncIterator[WorkerStream]:
    stream = WorkerStream(url, token)
    stream.start()
    try:
        yield stream
    finally:
        stream.close()


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def snapshot(stream: WorkerStream) -> WorkerSnapshot:
    found, problem = stream.state
    assert found is not None, problem
    return found


async def test_it_follows_what_the_worker_says_of_itself_until_it_is_gone() -> None:
    stage = Stage()
    stage.owners = {0: "worker-a:6066"}
    async with served(stage) as server, followed(str(server.make_url("/"))) as stream:
        await until(lambda: stream.state[0] is not None)
        assert (snapshot(stream).worker, snapshot(stream).version) == (
            "worker-a:6066",
            "1.2.3",
        )
        assert snapshot(stream).health["provider"] == Health("ok", "answers in 2 ms")
        assert snapshot(stream).owners == {0: "worker-a:6066"}
        stage.provider = Health("bad", "away since 10:00")
        stage.feed.changed()
        await until(lambda: snapshot(stream).health["provider"].level == "bad")
        mark_stopping(stage.app)
        await until(lambda: stream.state == (None, "it ended its stream"))


async def test_the_token_is_sent_and_one_that_is_wrong_is_reported() -> None:
    async with served(Stage(token="s3cret-ü→")) as server:
        url = str(server.make_url("/"))
        async with followed(url, "s3cret-ü→") as stream:
            await until(lambda: stream.state[0] is not None)
        async with followed(url, "wrong") as stream:
            await until(lambda: "FRAUD_WEB_TOKEN" in (stream.state[1] or ""))


async def test_another_web_server_is_no_worker_and_its_redirects_are_not_followed() -> None:
    asked: list[str] = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        asked.append(request.path)
        if request.path.startswith("/away"):
            raise aiohttp.web.HTTPFound("/elsewhere")
        return aiohttp.web.Response(text="hello")

    app = aiohttp.web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        async with followed(str(server.make_url("/"))) as stream:
            await until(lambda: stream.state == (None, "not the web server of a worker"))
        async with followed(str(server.make_url("/away")), "s3cret") as stream:
            await until(lambda: stream.state == (None, "it answers 302"))
    assert "/elsewhere" not in asked
