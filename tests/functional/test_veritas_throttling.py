"""A service that puts calls off (429): some of them, all of them, and in between errors."""

import asyncio
import logging
import time
from email.utils import formatdate
from itertools import pairwise

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from records import BankAccount
from tests.functional.http_clients import Client, account, scripted, settled, until
from veritas import AUTHORIZED, VeritasRejected, VeritasUnavailable
from veritas.breaker import Breaker
from veritas.http import HttpVeritas
from veritas.put_off import COMPARISONS

THROTTLED = (
    "the verification service is unavailable: throttled, answered 429, and answers about nobody"
)


class Service:
    """Gives these statuses in turn, and begins anew at the end; 200 is an answer."""

    def __init__(self, *statuses: int, retry_after: str | None = None) -> None:
        self.statuses = statuses
        self.headers = {"Retry-After": retry_after} if retry_after else {}
        self.asked: list[float] = []

    async def answer(self, _: web.Request) -> web.Response:
        status = self.statuses[len(self.asked) % len(self.statuses)]
        self.asked.append(time.monotonic())
        if status == 200:
            return web.json_response({"authorized": True})
        return web.Response(status=status, headers=self.headers)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_service_that_puts_everybody_off_is_told_of_and_asked_by_one(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service, registry = Service(429, retry_after="1"), CollectorRegistry()
    breaker = Breaker(first_pause=0.1, last_pause=0.1)
    client = await connect(service.answer, registry=registry, breaker=breaker, patience=0.5)
    waiting = asyncio.gather(*(settled(client, account(n)) for n in range(30)))
    await until(lambda: client.not_ready_reason is not None)
    assert client.not_ready_reason == THROTTLED
    level, text = client.health
    assert level == "bad"
    assert text.startswith("unavailable: throttled, answered 429, and answers about nobody; ")
    assert registry.get_sample_value("veritas_unavailable", {"reason": "throttled"}) == 1
    # Calls that were under way when it was found out are over then.
    await asyncio.sleep(0.3)
    before = len(service.asked)
    await until(lambda: len(service.asked) > before + 1)
    probes = service.asked[before:]
    assert all(later - one >= 1.0 for one, later in pairwise(probes)), "Retry-After is kept to"
    assert client.not_ready_reason == THROTTLED

    service.statuses = (200,)
    assert set(await waiting) == {"VeritasAnswer"}
    assert client.not_ready_reason is None
    assert lines(caplog) == [
        f"accounts wait, {THROTTLED}",
        "the verification service answers again",
    ]


async def test_a_service_that_puts_off_some_is_well(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(429, 200)
    # Pauses of some tenths of a second, so that every few of them somebody is answered about.
    client = await connect(service.answer, concurrency=8, patience=5.0)
    got = await asyncio.gather(*(settled(client, account(n)) for n in range(24)))
    assert set(got) == {"VeritasAnswer"}
    assert len(service.asked) > 24
    assert lines(caplog) == []


@pytest.mark.parametrize("threshold", [10, 100_000])
async def test_errors_between_the_429s_are_no_answers(connect: Client, threshold: int) -> None:
    service = Service(429, 500)
    breaker = Breaker(threshold, first_pause=0.05, last_pause=0.1)
    client = await connect(service.answer, breaker=breaker, patience=0.5)
    waiting = asyncio.gather(*(settled(client, account(n)) for n in range(20)))
    await until(lambda: client.not_ready_reason is not None)
    # It says what the last probe came to.
    await until(lambda: client.not_ready_reason == THROTTLED)
    await until(lambda: "answered 500" in str(client.not_ready_reason))
    await until(lambda: client.not_ready_reason == THROTTLED)
    service.statuses = (200,)
    assert set(await waiting) == {"VeritasAnswer"}
    assert client.not_ready_reason is None


async def test_without_a_retry_after_the_pauses_are_our_own(connect: Client) -> None:
    handler, asked = scripted((429, {}), (429, {"Retry-After": "soon"}))
    client = await connect(handler)
    assert await client.verify(account()) == AUTHORIZED
    assert len(asked) == 3
    assert all(later[0] - one[0] >= 0.2 for one, later in pairwise(asked))
    assert client.not_ready_reason is None


async def test_a_retry_after_can_be_a_date(connect: Client) -> None:
    handler, asked = scripted(
        (429, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}),
        (429, {"Retry-After": formatdate(time.time() - 3_600, usegmt=True)}),
    )
    client = await connect(handler)
    assert await client.verify(account()) == AUTHORIZED
    # A date has whole seconds.
    assert asked[1][0] - asked[0][0] >= 0.9
    assert len(asked) == 3


async def test_one_that_says_hours_is_asked_again_sooner(connect: Client) -> None:
    service = Service(429, retry_after="7200")
    client = await connect(service.answer, patience=0.0)
    waiting = asyncio.create_task(settled(client, account()))
    await until(lambda: client.not_ready_reason is not None)
    level, text = client.health
    assert level == "bad"
    assert text.endswith("breaker open, asked again in 60 s")
    waiting.cancel()


async def told(client: HttpVeritas, rejected: BankAccount) -> str:
    """What is said of an account that is rejected in the end."""
    while True:
        try:
            await client.verify(rejected)
        except VeritasUnavailable:
            pass
        except VeritasRejected as exc:
            return str(exc)


async def test_one_that_is_put_off_for_ever_while_others_are_answered_holds_nobody_up(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    asked = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        if (await request.json())["last_name"] == "Bad":
            asked += 1
            return web.Response(status=429, headers={"Retry-After": "0"})
        return web.json_response({"authorized": True})

    client = await connect(answer)
    assert await settled(client, account()) == "VeritasAnswer"
    # Nobody else comes: the one that was answered is asked about again, once for all of them.
    bad = [account(number, "Bad") for number in range(1, 9)]
    got = await asyncio.gather(*(settled(client, one) for one in bad))
    assert set(got) == {"VeritasRejected"}
    assert asked > len(bad) * COMPARISONS
    before = asked
    assert await told(client, bad[0]) == (
        "the verification service puts it off, but not others: throttled, answered 429"
    )
    assert asked <= before + 3, "what was found out is known still"
    assert client.not_ready_reason is None
    assert lines(caplog) == []


async def test_a_service_with_so_many_calls_a_second_rejects_nobody(connect: Client) -> None:
    left = (0.0, 0)

    async def answer(_: web.Request) -> web.Response:
        nonlocal left
        if time.monotonic() // 0.5 != left[0]:
            left = (time.monotonic() // 0.5, 10)
        if not left[1]:
            return web.Response(status=429, headers={"Retry-After": "0"})
        left = (left[0], left[1] - 1)
        return web.json_response({"authorized": True})

    client = await connect(answer, concurrency=32)
    got = await asyncio.gather(*(settled(client, account(n)) for n in range(120)))
    assert set(got) == {"VeritasAnswer"}
