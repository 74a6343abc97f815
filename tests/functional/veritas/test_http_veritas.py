"""The client against the reference server and others, over real sockets."""

import asyncio
import logging
import re
from collections import Counter
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from tests.functional.http_clients import (
    ANSWERS,
    CARD,
    Client,
    account,
    client_of,
    not_ready,
    one,
    reference,
    scripted,
    until,
)
from veritas import AUTHORIZED, Unanswered, VeritasAnswer

TOKEN = "bearer-secret-9"
UNAVAILABLE = "the verification service is unavailable: "


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What an operator sees."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_with_the_card_it_answers_as_the_simulated_service_does(connect: Client) -> None:
    client = await connect(reference(), send_card=True)
    accounts = [account(number) for number in range(30)]
    assert await client.verify(accounts) == await ANSWERS.verify(accounts)


async def test_without_the_card_the_answer_is_stable_and_the_card_stays_here(
    connect: Client,
) -> None:
    client = await connect(reference())
    accounts = [account(number) for number in range(30)]
    first = await client.verify(accounts)
    assert await client.verify(accounts) == first
    assert {AUTHORIZED} < set(first)
    handler, asked = scripted()
    await one(await connect(handler), account())
    ((headers, body),) = asked
    assert set(body) == {"account", "first_name", "last_name", "amount"}
    assert CARD not in str(headers) + str(body)


async def test_a_card_in_a_name_stays_here_too(connect: Client) -> None:
    handler, asked = scripted()
    named = account(last_name="4111 1111 1111 1111")
    named.first_name = f"Jim {CARD}"
    await one(await connect(handler), named)
    await one(await connect(handler, send_card=True), named)
    (_, without), (_, with_card) = asked
    masked = ("Jim ************1111", "************1111")
    assert (without["first_name"], without["last_name"]) == masked
    assert (with_card["first_name"], with_card["card"]) == (f"Jim {CARD}", CARD)


async def test_errors_are_retried_under_the_same_key(connect: Client) -> None:
    handler, asked = scripted((500, {}), (503, {}), (408, {}))
    client = await connect(handler, token=TOKEN)
    assert await one(client, account()) == AUTHORIZED
    assert len(asked) == 4
    assert len({headers["Idempotency-Key"] for headers, _ in asked}) == 1
    assert {headers["Authorization"] for headers, _ in asked} == {f"Bearer {TOKEN}"}
    await one(client, account(1))
    assert asked[-1][0]["Idempotency-Key"] != asked[0][0]["Idempotency-Key"]


@pytest.mark.parametrize("body", ["", "{", "x" * 100_000])
async def test_what_is_no_answer_is_never_taken_for_one(connect: Client, body: str) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    reason = await not_ready(await connect(handle), account())
    assert reason.startswith(f"{UNAVAILABLE}answered 200, but not with an answer")


async def test_an_answer_may_begin_with_a_byte_order_mark(connect: Client) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=b'\xef\xbb\xbf{"authorized": true}')

    assert await one(await connect(handle), account()) == AUTHORIZED


async def test_a_4xx_rejects_the_account_at_once(connect: Client) -> None:
    handler, asked = scripted((422, {}))
    rejected = Unanswered("veritas_rejected", "the verification service answered 422")
    assert await one(await connect(handler), account()) == rejected
    assert len(asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 302])
async def test_a_wrong_token_or_url_rejects_no_account(connect: Client, status: int) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    assert await not_ready(await connect(handle), account()) == (
        f"{UNAVAILABLE}answered {status}; check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN"
    )


async def test_the_reference_server_asks_for_its_token(connect: Client) -> None:
    answer = await one(await connect(reference(TOKEN), token=TOKEN), account())
    assert isinstance(answer, VeritasAnswer)
    assert "answered 401" in await not_ready(
        await connect(reference(TOKEN), token="another"), account()
    )


async def test_a_slow_service_is_unavailable(connect: Client) -> None:
    client = await connect(reference(latency=1000.0), timeout=0.2)
    assert (await not_ready(client, account())).startswith(f"{UNAVAILABLE}no answer in time")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "no connection (ClientConnectorError)"),
        ("http://.veritas:8080", "no request can be made ("),
        ("http://127.0.0.1:99999", "no request can be made ("),
        ("http://[::1", "no request can be made ("),
        (f"http://{'x' * 70}.example:80", "no "),
    ],
)
async def test_a_url_that_leads_nowhere_is_an_unavailable_service(
    url: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(url)
    await client.start()
    said = await not_ready(client, account())
    await client.close()
    assert said.startswith(f"{UNAVAILABLE}{reason}")
    assert lines(caplog) == [f"accounts wait, {said}"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("token", ["tok\n", "t\x00k", "t\r\nX-Header: 1"])
async def test_a_token_that_no_header_can_hold_is_an_unavailable_service(
    connect: Client, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(reference(), token=token)
    said = await not_ready(client, account())
    assert said == (
        f"{UNAVAILABLE}no request can be made (ValueError); check FRAUD_VERITAS_URL and "
        "FRAUD_VERITAS_TOKEN"
    )
    assert client.health.level == "bad"
    assert lines(caplog) == [f"accounts wait, {said}"]
    assert "Traceback" not in caplog.text


async def test_an_outage_opens_the_breaker_and_it_closes_by_itself(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    up, asked = True, 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"authorized": True}) if up else web.Response(status=503)

    registry = CollectorRegistry()
    client = await connect(handle, registry=registry)
    assert client.health == ("ok", "not asked yet")
    await one(client, account())
    level, text = client.health
    assert level == "ok"
    assert re.fullmatch(r"answers in \d+ ms \(median of the last 1\)", text)

    up = False
    waiting = asyncio.create_task(client.verify([account(number) for number in range(200)]))
    await until(lambda: client.not_ready_reason is not None)
    assert client.not_ready_reason == f"{UNAVAILABLE}answered 503"
    assert client.health.level == "bad"
    assert client.health.text.startswith("unavailable: answered 503; ")
    assert registry.get_sample_value("veritas_breaker_state") in (1, 2)
    assert registry.get_sample_value("veritas_unavailable", {"reason": "error"}) == 1
    before = asked
    await until(lambda: asked > before + 3)  # probes
    assert client.not_ready_reason == f"{UNAVAILABLE}answered 503"
    assert not waiting.done()
    assert asked < 150, "not 200 accounts of 4 attempts each"

    up = True
    assert await waiting == [AUTHORIZED] * 200
    assert client.not_ready_reason is None
    assert registry.get_sample_value("veritas_breaker_state") == 0
    assert registry.get_sample_value("veritas_unavailable", {"reason": "error"}) == 0
    assert (registry.get_sample_value("veritas_calls_total", {"result": "error"}) or 0) >= 10
    assert lines(caplog) == [
        f"accounts wait, {UNAVAILABLE}answered 503",
        "the verification service answers again",
    ]


async def test_an_account_that_breaks_the_service_is_a_dead_letter(connect: Client) -> None:
    registry = CollectorRegistry()
    client = await connect(reference(broken=frozenset({"Bad"})), registry=registry, attempts=1)
    got = await client.verify([account(n, "Bad" if n == 20 else "Good") for n in range(100)])
    assert Counter(type(each).__name__ for each in got) == {"VeritasAnswer": 99, "Unanswered": 1}
    bad = got[20]
    assert isinstance(bad, Unanswered)
    assert bad.code == "veritas_failed"
    assert re.fullmatch(
        r"the verification service failed \d+ times, but answered about other accounts: "
        r"answered 500",
        bad.detail,
    )
    assert client.not_ready_reason is None
    assert registry.get_sample_value("veritas_retried_accounts") == 0


async def test_a_service_that_is_started_anew_costs_no_account(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = TestServer(reference())
    await before.start_server()
    port = before.port
    client = client_of(str(before.make_url("/")), concurrency=16)
    await client.start()
    first = await client.verify([account(number) for number in range(20)])
    await before.close()
    waiting = asyncio.create_task(client.verify([account(number) for number in range(60)]))
    await until(lambda: client.not_ready_reason is not None)
    after = TestServer(reference(), port=port)
    await after.start_server()
    assert (await waiting)[:20] == first
    assert client.not_ready_reason is None
    went, *_, came = lines(caplog)
    assert went.startswith(f"accounts wait, {UNAVAILABLE}no ")
    assert came == "the verification service answers again"
    await client.close()
    await after.close()


async def test_a_client_can_be_closed_without_a_start_and_again() -> None:
    client = client_of("http://127.0.0.1:9")
    await client.close()
    await client.start()
    await client.close()
    await client.close()
    assert await not_ready(client, account()) == f"{UNAVAILABLE}the connections are closed"


async def test_no_secret_is_in_logs_or_results(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    faults: list[dict[str, Any]] = [
        {"broken": frozenset({"Swaniawski"})},
        {"latency": 1000.0},
        {"outages": ((0, 1000),)},
    ]
    for fault in faults:
        client = await connect(reference(TOKEN, **fault), token=TOKEN, send_card=True, timeout=0.2)
        texts += [await not_ready(client, account()), client.health.text]
    client = await connect(reference(TOKEN, rejects=1.0), token=TOKEN, send_card=True)
    texts.append(repr(await one(client, account())))
    assert "accounts wait" in caplog.text
    for secret in (TOKEN, CARD, "Swaniawski", "1111"):
        assert secret not in caplog.text + "".join(texts)
