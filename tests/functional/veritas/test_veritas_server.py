"""The reference server as its command line makes it, over real sockets."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import jsonschema
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from records import BankAccount
from tools.veritas_server.options import parser
from tools.veritas_server.server import server_of
from veritas import SimulatedVeritas
from veritas.call import question

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]
ACCOUNT = BankAccount(
    first_name="Jimmie",
    last_name="Swaniawski",
    credit_card_number="4111111111111111",
    amount=644.78,
)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    opened: list[TestClient[Any, Any]] = []

    async def started(*flags: str, token: str | None = None) -> TestClient[Any, Any]:
        options = parser(None).parse_args(flags)
        client: TestClient[Any, Any] = TestClient(TestServer(server_of(options, token)))
        await client.start_server()
        opened.append(client)
        return client

    yield started
    for client in opened:
        await client.close()


async def ask(client: TestClient[Any, Any], **headers: str) -> ClientResponse:
    body = question(ACCOUNT, b"key", send_card=True).body
    return await client.post("/verify", data=body, headers=headers)


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (["--approval-rate", "1"], 200),
        (["--error-share", "1"], 500),
        (["--throttle-share", "1"], 429),
        (["--reject-share", "1"], 422),
        (["--outage", "0:3600"], 503),
        (["--outage", "3600:60", "--outage", "0:3600"], 503),
        (["--broken", "Swaniawski"], 500),
        (["--broken", "Else"], 200),
        (["--error-share", "1", "--faults-during", "3600:60"], 200),
        (["--error-share", "1", "--faults-during", "0:3600"], 500),
        (["--latency", "0.01", "--latency-distribution", "fixed"], 200),
        (["--latency", "0.01", "--latency-distribution", "lognormal"], 200),
    ],
)
async def test_each_flag_shows_in_the_answers(serve: Serve, flags: list[str], status: int) -> None:
    client = await serve(*flags)
    answer = await ask(client)
    assert answer.status == status
    assert answer.headers.get("Retry-After") == ("1" if status == 429 else None)
    described = await (await client.get("/openapi.json")).json()
    assert str(status) in described["paths"]["/verify"]["post"]["responses"]


async def test_shares_are_shares_of_the_requests(serve: Serve) -> None:
    client = await serve("--error-share", "0.2", "--reject-share", "0.3", "--seed", "4")
    seen = Counter([(await ask(client)).status for _ in range(300)])
    assert seen[500] == pytest.approx(60, abs=25)
    assert seen[422] == pytest.approx(90, abs=25)


async def test_it_answers_as_the_simulated_service_of_the_same_seed_and_rate(serve: Serve) -> None:
    for seed in range(8):
        client = await serve("--approval-rate", "0.4", "--seed", str(seed))
        said = await (await ask(client)).json()
        assert said == {"authorized": SimulatedVeritas(0.4, seed).answer(ACCOUNT).authorized}


async def test_its_description_fits_what_is_asked_and_answered(serve: Serve) -> None:
    client = await serve()
    described = await (await client.get("/openapi.json")).json()
    schemas = described["components"]["schemas"]
    for send_card in (True, False):
        body = question(ACCOUNT, b"key", send_card=send_card).body
        jsonschema.validate(json.loads(body), schemas["Question"])
        answer = await client.post("/verify", data=body)
        jsonschema.validate(await answer.json(), schemas["Answer"])
    page = await client.get("/")
    assert page.content_type == "text/html"
    assert "/openapi.json" in await page.text()


async def test_the_token_is_asked_for(serve: Serve) -> None:
    client = await serve(token="s3cret")
    assert (await ask(client)).status == 401
    assert (await ask(client, Authorization="Bearer other")).status == 401
    assert (await ask(client, Authorization="Bearer s3cret")).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"account":"a"}', b'{"account":1}'])
async def test_what_is_no_question_is_400(serve: Serve, body: bytes) -> None:
    client = await serve()
    assert (await client.post("/verify", data=body)).status == 400


@pytest.mark.parametrize(
    "flags",
    [
        ["--error-share", "1.5"],
        ["--latency", "-1"],
        ["--latency", "inf"],
        ["--latency-distribution", "normal"],
        ["--outage", "10"],
        ["--faults-during", "10:x"],
    ],
)
def test_a_flag_that_makes_no_sense_is_refused(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser(None).parse_args(flags)
    assert f"argument {flags[0]}" in capsys.readouterr().err
