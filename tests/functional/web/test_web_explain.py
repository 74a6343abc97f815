"""`GET /verdicts/ID`: bounded, beside the event loop, behind the same guard as the other paths."""

import asyncio
import threading
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.functional.web.web_fakes import Stage
from web.lookups import MOST_WAITING, Answer

Client = TestClient[Any, Any]
PATH = "/verdicts/accounts-3-42"


class Slow:
    """Explains when it is let, and knows how many were being explained at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = threading.Semaphore(0)
        self.most = self._running = 0

    def __call__(self, record_id: str) -> Answer:
        self._running += 1
        self.most = max(self.most, self._running)
        self.began.release()
        assert self.go.wait(30)
        self._running -= 1
        return HTTPStatus.OK, {"id": record_id}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[Client]:
    client: Client = TestClient(TestServer(stage.web_app()))
    await client.start_server()
    yield client
    await client.close()


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
async def test_the_document_of_an_id_is_answered(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, await answer.json()) == (200, {"id": "accounts-3-42"})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_id_without_verdict_is_not_found(stage: Stage, client: Client) -> None:
    stage.explain = lambda record_id: (HTTPStatus.NOT_FOUND, {"status": "pending"})
    answer = await client.get(PATH)
    assert (answer.status, await answer.json()) == (404, {"status": "pending"})


async def test_the_event_stream_keeps_its_path(client: Client) -> None:
    answer = await client.get("/verdicts/stream")
    assert answer.content_type == "text/event-stream"


async def test_the_token_is_needed() -> None:
    stage = Stage(token="s3cret")
    async with TestClient(TestServer(stage.web_app())) as client:
        assert (await client.get(PATH)).status == 401
        headers = {"Authorization": "Bearer s3cret"}
        assert (await client.get(PATH, headers=headers)).status == 200


async def test_the_loop_goes_on_and_one_at_a_time_is_explained(
    stage: Stage, client: Client
) -> None:
    slow = Slow()
    stage.explain = slow
    asking = [asyncio.create_task(client.get(PATH)) for _ in range(3)]
    await asyncio.to_thread(slow.began.acquire)
    assert (await client.get("/health/live")).status == 200
    slow.go.set()
    assert [(await one).status for one in asking] == [200, 200, 200]
    assert slow.most == 1


async def test_when_too_many_wait_others_are_sent_away(stage: Stage, client: Client) -> None:
    slow = Slow()
    stage.explain = slow
    asking = [asyncio.create_task(client.get(PATH)) for _ in range(MOST_WAITING + 4)]
    coming = asyncio.as_completed(asking)
    # None of those that wait is answered before it may go on.
    refused = [await next(coming) for _ in range(3)]
    assert [one.status for one in refused] == [503] * 3
    assert all("Retry-After" in one.headers for one in refused)
    slow.go.set()
    assert {(await one).status for one in coming} == {200}
    assert (await client.get(PATH)).status == 200


async def test_a_fault_of_ours_is_one_line(stage: Stage, client: Client) -> None:
    def fail(record_id: str) -> Answer:
        raise RuntimeError(record_id)

    stage.explain = fail
    answer = await client.get(PATH)
    assert (answer.status, "42" in await answer.text()) == (500, False)
    stage.explain = lambda record_id: (HTTPStatus.OK, {})
    assert (await client.get(PATH)).status == 200
