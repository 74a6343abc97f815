import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from tests.faust_apps import mark_stopping
from tests.functional.web.web_fakes import Stage
from web import documents, views

Client = TestClient[Any, Any]
OPENED = list[TestClient[Any, Any]]
DATA = ["/verdicts/", "/verdicts/stream", "/health/live", "/health/ready", "/metrics"]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Stage], Awaitable[Client]]]:
    opened: OPENED = []

    async def start(stage: Stage) -> Client:
        client: Client = TestClient(TestServer(stage.web_app()))
        await client.start_server()
        opened.append(client)
        return client

    yield start
    for client in opened:
        await client.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def client(stage: Stage, serve: Callable[[Stage], Awaitable[Client]]) -> Client:
    return await serve(stage)


async def next_event(answer: ClientResponse) -> dict[str, str]:
    """The fields of the next event, comments under the empty name."""
    event: dict[str, str] = {}
    while True:
        line = (await asyncio.wait_for(answer.content.readline(), 5)).decode()
        if not line:
            raise EOFError
        if line == "\n":
            return event
        name, _, value = line.rstrip("\n").partition(": ")
        event[name] = value


async def test_the_counts_are_the_document_of_the_contract(stage: Stage, client: Client) -> None:
    others = {"dead_letters": 1, "next_offset": 20, "worker": "b"}
    stage.feed.set(1, authorized=9, review=3, unauthorized=7, **others)
    stage.feed.set(0, authorized=3, unauthorized=2, next_offset=5, reasons={"card_checksum": 2})
    answer = await client.get("/verdicts/")
    assert answer.status == 200
    assert answer.content_type == "application/json"
    text = await answer.text()
    assert json.loads(text) == {
        "authorized": 12,
        "review": 3,
        "unauthorized": 9,
        "total": 24,
        "dead_letters": 1,
        "partitions": {
            "0": {
                "authorized": 3,
                "review": 0,
                "unauthorized": 2,
                "dead_letters": 0,
                "next_offset": 5,
            },
            "1": {
                "authorized": 9,
                "review": 3,
                "unauthorized": 7,
                "dead_letters": 1,
                "next_offset": 20,
            },
        },
    }
    assert text.index('"0"') < text.index('"1"')


async def test_a_partition_without_a_row_has_zeros(stage: Stage, client: Client) -> None:
    stage.feed.set(0, authorized=1, next_offset=1)
    stage.feed.source_ends = {0: 1, 1: 0, 10: 0, 2: 0}
    document = await (await client.get("/verdicts/")).json()
    assert list(document["partitions"]) == ["0", "1", "2", "10"]
    assert set(document["partitions"]["10"].values()) == {0}


async def test_counts_that_are_not_known_yet_are_not_made_up(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_TIMEOUT", 0.1)
    stage.feed.ready = False
    answer = await client.get("/verdicts/")
    assert answer.status == 503
    assert "Retry-After" in answer.headers


async def test_a_request_just_after_the_start_waits_for_the_counts(
    stage: Stage, client: Client
) -> None:
    stage.feed.ready = False
    asking = asyncio.create_task(client.get("/verdicts/"))
    await asyncio.sleep(0.1)
    stage.feed.ready = True
    assert (await asking).status == 200


async def test_the_stream_sends_the_counts_at_once_and_when_they_change(
    stage: Stage, client: Client
) -> None:
    stage.feed.set(0, authorized=1, next_offset=1)
    answer = await client.get("/verdicts/stream")
    assert answer.content_type == "text/event-stream"
    assert "retry" in await next_event(answer)
    first = await next_event(answer)
    assert first.keys() == {"data"}, "a reader of the contract gets its document and nothing else"
    assert json.loads(first["data"]) == documents.counts(stage.state)
    stage.feed.set(0, authorized=2, next_offset=2)
    assert json.loads((await next_event(answer))["data"])["total"] == 2


async def test_the_stream_sends_at_most_twice_a_second_and_the_last_one_always(
    stage: Stage, client: Client
) -> None:
    answer = await client.get("/verdicts/stream")
    await next_event(answer)
    began = time.monotonic()

    async def change() -> None:
        for count in range(1, 101):
            stage.feed.set(0, authorized=count, next_offset=count)
            await asyncio.sleep(0.015)

    changing = asyncio.create_task(change())
    seen: list[int] = []
    while not seen or seen[-1] < 100:
        seen.append(json.loads((await next_event(answer))["data"])["total"])
    await changing
    assert seen == sorted(set(seen))
    assert len(seen) <= 2 + 2 * (time.monotonic() - began)


async def test_a_row_that_changes_no_count_is_no_event(stage: Stage, client: Client) -> None:
    stage.feed.set(0, authorized=1, next_offset=1, worker="a")
    answer = await client.get("/verdicts/stream")
    await next_event(answer)
    await next_event(answer)
    stage.feed.set(0, authorized=1, next_offset=1, worker="b")
    await asyncio.sleep(0.7)
    stage.feed.set(0, authorized=2, next_offset=2, worker="b")
    assert json.loads((await next_event(answer))["data"])["total"] == 2


async def test_a_silent_stream_gives_signs_of_life(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.live.events.KEEP_ALIVE", 0.2)
    stage.feed.ready = False
    answer = await client.get("/verdicts/stream")
    await next_event(answer)
    assert await next_event(answer) == {"": "keep-alive"}


async def test_a_stream_ends_when_the_worker_stops(stage: Stage, client: Client) -> None:
    answer = await client.get("/verdicts/stream")
    await next_event(answer)
    await next_event(answer)
    mark_stopping(stage.app)
    async with asyncio.timeout(10):  # less than until a sign of life
        with pytest.raises(EOFError):
            await next_event(answer)


async def test_the_page_gets_its_own_document_besides(stage: Stage, client: Client) -> None:
    stage.feed.set(0, authorized=1, next_offset=10, codes={"not_json": 3})
    stage.owners = {0: "w:6066"}
    stage.feed.source_ends = {0: 25, 1: 0}
    stage.provider = stage.provider.__class__("bad", "away since 10:00")
    answer = await client.get("/verdicts/stream?events=dashboard")
    await next_event(answer)
    assert json.loads((await next_event(answer))["data"])["total"] == 1
    event = await next_event(answer)
    assert event["event"] == "dashboard"
    document = json.loads(event["data"])
    assert document["lag"] == 15
    assert document["partitions"][0]["lag"] == 15
    assert [one["owner"] for one in document["partitions"]] == ["w:6066", ""]
    assert document["codes"] == {"not_json": 3}
    assert document["health"]["provider"] == {"level": "bad", "text": "away since 10:00"}
    assert (document["worker"], document["version"]) == ("worker-a:6066", "1.2.3")


async def test_verdicts_are_looked_up_only_while_a_page_watches(
    stage: Stage, client: Client
) -> None:
    plain = await client.get("/verdicts/stream")
    await next_event(plain)
    assert stage.recent.watchers == 0
    page = await client.get("/verdicts/stream?events=dashboard")
    await next_event(page)
    assert stage.recent.watchers == 1
    page.close()
    for count in range(20):
        stage.feed.set(0, authorized=count, next_offset=count)
        await asyncio.sleep(0.1)
        if not stage.recent.watchers:
            return
    pytest.fail("the page left, its watching did not end")


async def test_a_worker_takes_only_so_many_streams(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_MOST_STREAMS", 1)
    open_one = await client.get("/verdicts/stream")
    await next_event(open_one)
    refused = await client.get("/verdicts/stream")
    assert refused.status == 503


async def test_ready_says_why_it_is_not(stage: Stage, client: Client) -> None:
    assert (await client.get("/health/ready")).status == 200
    stage.not_ready_reason = "rebalancing"
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert (await answer.json())["reason"] == "rebalancing"
    assert (await client.get("/health/live")).status == 200
    stage.not_ready_reason = None
    stage.feed.connected = False
    answer = await client.get("/health/ready")
    assert (answer.status, (await answer.json())["reason"]) == (503, "Kafka does not answer")
    stage.feed.ready = False
    assert (await client.get("/health/ready")).status == 503


async def test_a_degraded_worker_is_ready_and_says_why(stage: Stage, client: Client) -> None:
    assert await (await client.get("/health/ready")).json() == {"status": "ready"}
    stage.degraded = {"veritas_latency": "50 of the last 100 calls to Veritas took 1 s or longer"}
    answer = await client.get("/health/ready")
    document = {"status": "ready", "degraded": stage.degraded}
    assert (answer.status, await answer.json()) == (200, document)
    stage.degraded["lag"] = "the lag grew from 0 to 900 accounts in 30 s"
    shown = documents.dashboard(stage.state)["health"]["worker"]
    assert shown == {"level": "warn", "text": "degraded (veritas_latency, lag)"}
    stage.not_ready_reason = "rebalancing"
    answer = await client.get("/health/ready")
    document = {"status": "not ready", "reason": "rebalancing"}
    assert (answer.status, await answer.json()) == (503, document)
    assert documents.dashboard(stage.state)["health"]["worker"]["text"] == "rebalancing"


async def test_metrics_are_those_of_the_registry(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "accounts_total 3.0" in await answer.text()


@pytest.mark.parametrize("path", ["/", *DATA, "/static/app.js", "/nowhere"])
async def test_every_answer_tells_the_browser_to_be_careful(client: Client, path: str) -> None:
    answer = await client.head(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in answer.headers.get("Server", "")
    if path in DATA:
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", *DATA])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(client: Client, path: str, method: str) -> None:
    answer = await client.request(method, path)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", *DATA])
async def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    answer = await asyncio.wait_for(client.head(path), 3)
    assert answer.status == 200
    assert await answer.read() == b""


@pytest.mark.parametrize("path", ["/verdicts", "/health/live/", "/health/ready/", "/metrics/"])
async def test_a_slash_more_or_less_does_not_matter(client: Client, path: str) -> None:
    assert (await client.get(path, allow_redirects=False)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/table/",
        "/router/",
        "/graph/",
        "/assignment/",
        "/performance/",
        "/static/../views.py",
        "/static/%2e%2e/views.py",
        "/static/..%2f..%2ffraud_app.py",
    ],
)
async def test_what_is_not_there_is_plainly_not_there(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 404
    assert answer.content_type == "text/plain"
    assert await answer.text() == "404: Not Found"


async def test_a_file_that_is_not_there_is_an_empty_404(client: Client) -> None:
    answer = await client.get("/static/nothing.js")
    assert answer.status == 404
    assert await answer.read() == b""


async def test_a_failure_shows_no_traceback(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_state: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(documents, "counts", broken)
    answer = await client.get("/verdicts/")
    assert answer.status == 500
    assert "secret" not in await answer.text()


async def test_the_page_asks_nobody_else(client: Client) -> None:
    page = await (await client.get("/")).text()
    assert "<script" in page
    for mark in ("http:", "https:", 'src="//', "<style", "style=", "onclick", "onload"):
        assert mark not in page


class TestToken:
    @pytest.fixture
    async def client(self, serve: Callable[[Stage], Awaitable[Client]]) -> Client:
        return await serve(Stage(token="s3cret-ü"))

    @pytest.mark.parametrize("path", ["/", *DATA, "/static/app.js", "/nowhere"])
    async def test_only_health_is_open(self, client: Client, path: str) -> None:
        answer = await client.get(path)
        assert answer.status == (200 if path.startswith("/health") else 401)
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    async def test_a_bearer_is_let_in(self, client: Client) -> None:
        headers = {"Authorization": "Bearer s3cret-ü"}
        assert (await client.get("/verdicts/", headers=headers)).status == 200

    async def test_a_browser_gives_it_as_the_password(self, client: Client) -> None:
        headers = {"Authorization": encode_basic_auth("anybody", "s3cret-ü", "utf-8")}
        assert (await client.get("/", headers=headers)).status == 200
        assert (await client.get("/verdicts/stream", headers=headers)).status == 200

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer ",
            "Bearer s3cret",
            "Bearer s3cret-üx",
            "Token s3cret-ü",
            "s3cret-ü",
            "Basic s3cret-ü",
            "Basic !!!",
            "Basic " + base64.b64encode("s3cret-ü:x".encode()).decode(),
            "Basic " + base64.b64encode(b"no colon").decode(),
        ],
    )
    async def test_anything_else_is_not(self, client: Client, authorization: str) -> None:
        headers = {"Authorization": authorization}
        assert (await client.get("/verdicts/", headers=headers)).status == 401

    async def test_the_query_is_no_place_for_it(self, client: Client) -> None:
        assert (await client.get("/verdicts/?token=s3cret-ü")).status == 401
