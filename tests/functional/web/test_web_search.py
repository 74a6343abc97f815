"""`GET /verdicts/?token=`: bounded, beside the event loop, behind the same guard."""

import asyncio
import threading
from http import HTTPStatus

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.functional.web.web_fakes import Stage
from web.lookups import MOST_WAITING, Answer

TOKEN = "9f" * 16


async def test_a_token_is_answered_and_without_one_the_counts_are() -> None:
    stage = Stage()
    stage.feed.set(0, authorized=3)
    async with TestClient(TestServer(stage.web_app())) as client:
        for path in ("/verdicts/", "/verdicts"):
            answer = await client.get(path, params={"token": TOKEN})
            assert (answer.status, await answer.json()) == (200, {"token": TOKEN})
            assert answer.headers["Cache-Control"] == "no-store"
        assert (await (await client.get("/verdicts/")).json())["authorized"] == 3


@pytest.mark.parametrize("text", ["", "4111111111111111", TOKEN + "0", "Z" * 32, TOKEN + "\n"])
async def test_what_is_no_token_is_refused_and_not_repeated(text: str) -> None:
    stage = Stage()
    asked: list[str] = []

    def search(token: str) -> Answer:
        asked.append(token)
        return HTTPStatus.OK, {}

    stage.search = search
    async with TestClient(TestServer(stage.web_app())) as client:
        answer = await client.get("/verdicts/", params={"token": text})
        assert answer.status == 400
        assert await answer.json() == {"error": "a token is 32 hex digits in lower case"}
    assert asked == []


async def test_the_web_token_is_needed() -> None:
    stage = Stage(token="s3cret")
    async with TestClient(TestServer(stage.web_app())) as client:
        assert (await client.get("/verdicts/", params={"token": TOKEN})).status == 401


async def test_one_at_a_time_is_searched_for_and_others_are_sent_away() -> None:
    stage = Stage()
    go = threading.Event()

    def search(token: str) -> Answer:
        assert go.wait(30)
        return HTTPStatus.OK, {"token": token}

    stage.search = search
    async with TestClient(TestServer(stage.web_app())) as client:
        asking = [
            asyncio.create_task(client.get("/verdicts/", params={"token": TOKEN}))
            for _ in range(MOST_WAITING + 3)
        ]
        coming = asyncio.as_completed(asking)
        refused = [await next(coming) for _ in range(2)]
        assert [one.status for one in refused] == [503] * 2
        # Explanations have a thread of their own.
        assert (await client.get("/verdicts/accounts-3-42")).status == 200
        assert (await client.get("/health/live")).status == 200
        go.set()
        assert {(await one).status for one in coming} == {200}
