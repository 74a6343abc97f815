"""What the web says to those who do not ask as a browser would: over a socket, byte for byte."""

import asyncio
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, cast

import pytest

from tests.functional.web.web_fakes import Stage
from tools.devbroker import free_port

SECRET = "4111111111111111"
#: An empty body in chunks, as aiohttp sends it for a file that is not there.
NO_CHUNKS = "0\r\n\r\n"
CAREFUL = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
NO_REQUESTS = {
    "no method": f"{SECRET} / HTTP/1.1\r\n\r\n",
    "no version": f"GET /{SECRET} HTTP/9.9\r\n\r\n",
    "no HTTP at all": f'{{"CreditCardNumber":"{SECRET}"}}\r\n\r\n',
    "a header without a colon": f"GET / HTTP/1.1\r\nHost: x\r\n{SECRET} {SECRET}\r\n\r\n",
    "a header too long": f"GET / HTTP/1.1\r\nHost: x\r\nX: {SECRET * 4000}\r\n\r\n",
    "a header's name too long": f"GET / HTTP/1.1\r\nHost: x\r\n{'X' * 70_000}: 1\r\n\r\n",
    "a path too long": f"GET /{SECRET * 4000} HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a length that is none": f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -{SECRET}\r\n\r\n",
    "a body in bad chunks": (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + SECRET + "x\r\n\r\n"
    ),
}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A worker's web as Faust runs it, with a token."""
    port = free_port()
    stage = Stage(token="s3cret", web_port=port)
    stage.app.finalize()
    stage.app.web.init_server()
    server = cast(Any, stage.app.web)
    await server.start_server()
    yield port
    await server.stop_server()


class Answer:
    def __init__(self, received: bytes) -> None:
        head, _, self.body = received.decode("latin-1").partition("\r\n\r\n")
        status_line, *lines = head.split("\r\n")
        self.status = int(status_line.split()[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        self.text = received.decode("latin-1")


async def ask(port: int, request: str | bytes) -> Answer:
    """Send these bytes; the answer up to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.encode() if isinstance(request, str) else request)
        return Answer(await asyncio.wait_for(reader.read(), 20))
    finally:
        writer.close()


def request(method: str, path: str, *, body: str = "", **headers: str) -> str:
    given = {"Host": "x", "Connection": "close", "Authorization": "Bearer s3cret", **headers}
    if body:
        given["Content-Length"] = str(len(body))
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body}"


def assert_careful(answer: Answer) -> None:
    assert answer.headers.items() >= CAREFUL.items()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "server" not in answer.headers
    for word in ("aiohttp", "Python", "Traceback", "faust"):
        assert word.lower() not in answer.text.lower().partition("<!doctype")[0]


@pytest.mark.parametrize("bytes_", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_what_is_no_request_is_not_quoted_back_or_logged(
    port: int, bytes_: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await ask(port, bytes_)
    assert answer.status in (400, 401)
    assert_careful(answer)
    assert SECRET not in answer.text
    if answer.status == 400:
        assert answer.body == "400: Bad Request"
        assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("path", ["/", "/verdicts/", "/static/app.js", "/metrics", "/nowhere"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_a_method_that_nobody_documented_is_405_or_404_whatever_its_body(
    port: int, path: str, method: str
) -> None:
    for body in ("", f'{{"CreditCardNumber":"{SECRET}"}}', "x" * 200_000):
        answer = await ask(port, request(method, path, body=body))
        assert answer.status == (404 if path == "/nowhere" else 405)
        assert_careful(answer)
        assert SECRET not in answer.text
        if answer.status == 405:
            assert set(answer.headers["allow"].split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/", "/verdicts/", "/static/app.js", "/health/live"])
async def test_head_is_answered_without_a_body(port: int, path: str) -> None:
    answer = await ask(port, request("HEAD", path))
    assert (answer.status, answer.body) == (200, "")
    assert_careful(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/vendor",
        "/static/vendor/",
        "/static/../views.py",
        "/static/../../fraud_app.py",
        "/static/%2e%2e/views.py",
        "/static/..%2f..%2ffraud_app.py",
        "/static/vendor/../../views.py",
        "/static/..\\views.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/app.js%00.html",
        "//static/app.js",
        f"/{SECRET}",
        "/verdicts/stream/..;/..;/",
        "/verdicts/%0d%0aSet-Cookie:%20a=b",
    ],
)
async def test_what_is_not_there_is_404_and_says_nothing(port: int, path: str) -> None:
    answer = await ask(port, request("GET", path))
    assert answer.status == HTTPStatus.NOT_FOUND
    assert answer.body in ("404: Not Found", "", NO_CHUNKS)
    assert_careful(answer)
    assert "set-cookie" not in answer.headers


async def test_a_path_as_long_as_is_read_is_plainly_not_there(port: int) -> None:
    answer = await ask(port, request("GET", "/" + "x" * 7000))
    assert answer.status == 404
    assert_careful(answer)


@pytest.mark.parametrize("path", ["/health/live/../../verdicts/", "/health/live/%2e%2e/", "*"])
async def test_no_way_leads_round_the_token(port: int, path: str) -> None:
    answer = await ask(port, request("GET", path, Authorization="Bearer wrong"))
    assert answer.status in (400, 401, 404)
    assert "partitions" not in answer.body
    assert_careful(answer)


async def test_an_expectation_is_not_met_before_the_token_is_seen(port: int) -> None:
    answer = await ask(port, request("GET", "/verdicts/", Expect=SECRET, Authorization="none"))
    assert answer.status in (401, 417)
    assert SECRET not in answer.text
    assert_careful(answer)
