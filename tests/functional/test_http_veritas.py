"""The HTTP client against the reference server, over real sockets."""

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
    reference,
    scripted,
    settled,
    until,
)
from veritas import AUTHORIZED, VeritasRejected, VeritasUnavailable
from veritas.breaker import Breaker
from veritas.http import HttpVeritas

TOKEN = "bearer-secret-9"
GUARD = "veritas.guarded"


async def test_with_the_card_it_answers_as_the_simulated_service_does(connect: Client) -> None:
    client = await connect(reference(), send_card=True)
    for number in range(30):
        assert await client.verify(account(number)) == await ANSWERS.verify(account(number))


async def test_without_the_card_the_answer_is_stable_and_the_card_stays_here(
    connect: Client,
) -> None:
    client = await connect(reference())
    first = [await client.verify(account(number)) for number in range(30)]
    assert [await client.verify(account(number)) for number in range(30)] == first
    assert len(set(first)) == 2
    handler, asked = scripted()
    await (await connect(handler)).verify(account())
    ((_, headers, body),) = asked
    assert set(body) == {"account", "first_name", "last_name", "amount"}
    assert CARD not in str(headers) + str(body)


async def test_a_card_in_a_name_stays_here_too(connect: Client) -> None:
    handler, asked = scripted()
    told = account(last_name="4111 1111 1111 1111")
    told.first_name = f"Jim {CARD}"
    await (await connect(handler)).verify(told)
    await (await connect(handler, send_card=True)).verify(told)
    (_, _, without), (_, _, with_card) = asked
    masked = ("Jim ************1111", "************1111")
    assert (without["first_name"], without["last_name"]) == masked
    assert (with_card["first_name"], with_card["card"]) == (f"Jim {CARD}", CARD)


async def test_errors_are_asked_again_under_the_same_key(connect: Client) -> None:
    handler, asked = scripted((500, {}), (503, {}), (408, {}))
    client = await connect(handler, token=TOKEN)
    assert await client.verify(account()) == AUTHORIZED
    assert len(asked) == 4
    assert len({headers["Idempotency-Key"] for _, headers, _ in asked}) == 1
    assert {headers["Authorization"] for _, headers, _ in asked} == {f"Bearer {TOKEN}"}
    await client.verify(account(1))
    assert asked[-1][1]["Idempotency-Key"] != asked[0][1]["Idempotency-Key"]


@pytest.mark.parametrize(
    "body", ["", "[]", "true", '{"authorized":1}', '{"authorized":null}', "{", "x" * 100_000]
)
async def test_what_is_no_answer_is_never_taken_for_one(connect: Client, body: str) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    client = await connect(handle, attempts=2)
    with pytest.raises(VeritasUnavailable):
        await client.verify(account())


async def test_retry_after_is_kept_to(connect: Client) -> None:
    handler, asked = scripted((429, {"Retry-After": "1"}))
    client = await connect(handler)
    await client.verify(account())
    assert asked[1][0] - asked[0][0] == pytest.approx(1.0, abs=0.25)
    assert client.not_ready_reason is None


@pytest.mark.parametrize("status", [400, 402, 409, 410, 422])
async def test_other_4xx_reject_the_account_at_once(connect: Client, status: int) -> None:
    handler, asked = scripted((status, {}))
    client = await connect(handler)
    with pytest.raises(VeritasRejected, match=str(status)):
        await client.verify(account())
    assert len(asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 302])
async def test_a_wrong_token_or_url_rejects_nobody(connect: Client, status: int) -> None:
    handler, asked = scripted((status, {"Location": "/elsewhere"}))
    client = await connect(handler)
    with pytest.raises(VeritasUnavailable, match=str(status)):
        await client.verify(account())
    assert len(asked) == 1


async def test_the_reference_server_asks_for_its_token(connect: Client) -> None:
    good = await connect(reference(TOKEN), token=TOKEN)
    await good.verify(account())
    bad = await connect(reference(TOKEN), token="another")
    with pytest.raises(VeritasUnavailable, match="401"):
        await bad.verify(account())


async def test_a_slow_service_is_unavailable_within_the_time_out(connect: Client) -> None:
    client = await connect(reference(latency=1000.0), timeout=0.2, attempts=2)
    async with asyncio.timeout(30):  # not the 1,000 s that an answer takes
        with pytest.raises(VeritasUnavailable, match="in time"):
            await client.verify(account())


async def test_an_outage_opens_the_breaker_and_it_closes_by_itself(connect: Client) -> None:
    up, asked = True, 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"authorized": True}) if up else web.Response(status=503)

    registry = CollectorRegistry()
    breaker = Breaker(threshold=10, first_pause=0.3)
    client = await connect(handle, registry=registry, breaker=breaker)
    assert client.health == ("ok", "not asked yet")
    await client.verify(account())
    level, text = client.health
    assert level == "ok"
    assert re.fullmatch(r"answers in \d+ ms \(median of the last 1\)", text)
    up = False
    got = await asyncio.gather(
        *(client.verify(account(n)) for n in range(200)), return_exceptions=True
    )
    assert {type(each) for each in got} == {VeritasUnavailable}
    assert asked < 100  # not 200 accounts of 4 attempts each
    assert client.not_ready_reason == "the verification service is unavailable: answered 503"
    assert client.health[0] == "bad"
    assert client.health[1].startswith("unavailable: answered 503; breaker ")
    assert registry.get_sample_value("veritas_breaker_state") in (1, 2)
    # While it is open nobody waits, and nobody is asked but for the probes.
    before = asked
    for number in range(100):
        with pytest.raises(VeritasUnavailable):
            await client.verify(account(number))
    assert asked - before <= 2
    up = True
    await until(lambda: client.not_ready_reason is None)
    assert await client.verify(account(7)) == AUTHORIZED
    assert client.health[1].startswith("answers in ")
    assert registry.get_sample_value("veritas_breaker_state") == 0
    count = registry.get_sample_value("veritas_calls_total", {"result": "error"})
    assert count is not None
    assert count >= 10


async def test_an_account_that_breaks_the_service_is_rejected_among_others(
    connect: Client,
) -> None:
    client = await connect(reference(broken=frozenset({"Bad"})), concurrency=8)
    accounts = [account(n, "Bad" if n == 20 else "Good") for n in range(100)]
    got = await asyncio.gather(*map(client.verify, accounts), return_exceptions=True)
    kinds = Counter(type(each).__name__ for each in got)
    assert kinds == {"VeritasAnswer": 99, "VeritasRejected": 1}
    assert isinstance(got[20], VeritasRejected)
    assert client.not_ready_reason is None


@pytest.mark.parametrize("status", [401, 403, 404, 302])
async def test_an_account_that_alone_is_refused_is_rejected_and_opens_nothing(
    connect: Client, status: int
) -> None:
    async def handle(request: web.Request) -> web.Response:
        if (await request.json())["last_name"] == "Bad":
            return web.Response(status=status)
        return web.json_response({"authorized": True})

    client = await connect(handle)
    await client.verify(account())
    assert await settled(client, account(1, "Bad")) == "VeritasRejected"
    assert client.not_ready_reason is None
    assert await client.verify(account(2)) == AUTHORIZED


async def test_an_account_alone_in_its_batch_is_rejected_too(connect: Client) -> None:
    registry = CollectorRegistry()
    client = await connect(reference(broken=frozenset({"Bad"})), registry=registry)
    await client.verify(account())
    for number in range(2):  # more failures in a row than open the breaker
        assert await settled(client, account(number, "Bad")) == "VeritasRejected"
    assert client.not_ready_reason is None
    calls = registry.get_sample_value("veritas_calls_total", {"result": "error"})
    assert calls is not None
    assert calls >= 2 * 4


async def test_many_such_accounts_and_nobody_else_are_rejected_too(connect: Client) -> None:
    client = await connect(reference(broken=frozenset({"Bad"})))
    await client.verify(account())
    got = await asyncio.gather(*(settled(client, account(n, "Bad")) for n in range(40)))
    assert Counter(got) == {"VeritasRejected": 40}
    assert await settled(client, account()) == "VeritasAnswer"
    assert client.not_ready_reason is None


async def test_a_service_that_stumbles_gets_nobody_rejected_but_who_always_fails(
    connect: Client,
) -> None:
    client = await connect(reference(errors=0.3, broken=frozenset({"Bad"})))
    accounts = [account(n, "Bad" if n in (50, 400) else "Good") for n in range(500)]
    got = await asyncio.gather(*(settled(client, each) for each in accounts))
    assert (got[50], got[400]) == ("VeritasRejected", "VeritasRejected")
    assert Counter(got) == {"VeritasAnswer": 498, "VeritasRejected": 2}


async def test_where_nobody_was_answered_nobody_is_rejected_and_it_says_why(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(reference(broken=frozenset({"Bad"})), breaker=Breaker(3, 0.05, 0.1))
    waiting = asyncio.create_task(settled(client, account(1, "Bad")))
    await until(lambda: client.not_ready_reason is not None)
    said = (
        "the verification service is unavailable: answered 500; nobody was answered about yet, "
        "so it may lie with the account asked about"
    )
    assert client.not_ready_reason == said
    await asyncio.sleep(0.5)  # probes that fail likewise
    assert client.not_ready_reason == said
    assert not waiting.done()
    waiting.cancel()
    assert [each.getMessage() for each in caplog.records if each.name == GUARD] == [
        f"accounts wait, {said}"
    ]


async def test_one_that_always_fails_and_came_first_does_not_keep_the_others_waiting(
    connect: Client,
) -> None:
    client = await connect(
        reference(broken=frozenset({"Bad"})), breaker=Breaker(threshold=3, first_pause=0.1)
    )
    first = asyncio.create_task(settled(client, account(0, "Bad")))
    await until(lambda: client.not_ready_reason is not None)
    async with asyncio.timeout(60):
        good = await asyncio.gather(*(settled(client, account(n)) for n in range(1, 20)))
        assert set(good) == {"VeritasAnswer"}
        assert await first == "VeritasRejected"
    assert client.not_ready_reason is None


async def test_a_service_that_is_started_anew_while_one_account_breaks_it_loses_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def service(port: int | None = None) -> TestServer:
        return TestServer(reference(broken=frozenset({"Bad"})), port=port)

    before = service()
    await before.start_server()
    breaker = Breaker(first_pause=0.1, last_pause=0.2)
    url, port = str(before.make_url("/")), before.port
    client = HttpVeritas(url, token=None, key=b"key", breaker=breaker, concurrency=16)
    await client.start()
    bad = [asyncio.create_task(settled(client, account(n, "Bad"))) for n in range(2)]
    first = await asyncio.gather(*(settled(client, account(n)) for n in range(20)))
    await before.close()
    waiting = asyncio.gather(*(settled(client, account(n)) for n in range(20, 60)))
    await until(lambda: client.not_ready_reason is not None)
    after = service(port)
    await after.start_server()
    assert set(first + await waiting) == {"VeritasAnswer"}
    assert await asyncio.gather(*bad) == ["VeritasRejected"] * 2
    assert client.not_ready_reason is None
    went, came = [record.getMessage() for record in caplog.records if record.name == GUARD]
    assert went.startswith("accounts wait, the verification service is unavailable: no ")
    assert came == "the verification service answers again"
    await client.close()
    await after.close()


async def test_no_more_calls_than_allowed_are_under_way(connect: Client) -> None:
    now = most = 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return web.json_response({"authorized": True})

    client = await connect(handle, concurrency=5)
    await asyncio.gather(*(client.verify(account(n)) for n in range(50)))
    assert most == 5


async def test_nobody_listening_is_unavailable_and_a_closed_client_says_so() -> None:
    client = HttpVeritas("http://127.0.0.1:9", token=None, key=b"key", attempts=2)
    await client.close()
    await client.start()
    with pytest.raises(VeritasUnavailable, match="no connection"):
        await client.verify(account())
    await client.close()
    await client.close()
    with pytest.raises(VeritasUnavailable, match="closed"):
        await client.verify(account())


async def test_a_cancelled_probe_does_not_hold_the_breaker() -> None:
    clock = [0.0]
    breaker = Breaker(threshold=1, first_pause=1.0, clock=lambda: clock[0])
    first = breaker.admit()
    assert first is not None
    breaker.failed(first)
    assert breaker.admit() is None
    clock[0] = 1.0
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None, "one probe at a time"
    breaker.succeeded(first)
    assert breaker.state == "half-open", "what began before says nothing about now"
    breaker.ended(probe)
    clock[0] = 2.0
    probe = breaker.admit()
    assert probe is not None
    breaker.failed(probe)
    assert breaker.pause_left == 2.0
    clock[0] = 4.0
    probe = breaker.admit()
    assert probe is not None
    breaker.succeeded(probe)
    assert (breaker.admit(), breaker.failures) == (breaker.admit(), 0)
    assert breaker.admit() is not None


async def test_no_secret_is_in_logs_or_exceptions(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    faults: list[dict[str, Any]] = [
        {"broken": frozenset({"Swaniawski"})},
        {"rejects": 1.0},
        {"latency": 1000.0},
        {"outages": ((0, 1000),)},
    ]
    for fault in faults:
        client = await connect(
            reference(TOKEN, **fault), token=TOKEN, send_card=True, attempts=2, timeout=0.2
        )
        for number in range(8):
            with pytest.raises((VeritasUnavailable, VeritasRejected)) as failed:
                await client.verify(account(number))
            cause: BaseException | None = failed.value
            while cause is not None:
                texts.append(repr(cause))
                cause = cause.__cause__ or cause.__context__
    assert texts
    assert "accounts wait" in caplog.text
    for secret in (TOKEN, CARD, "Swaniawski", "1111"):
        assert secret not in caplog.text + "".join(texts)
