"""Rejections (4xx) of one account, of many and of everybody, over real sockets."""

import asyncio
import logging
from collections import Counter

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from tests.functional.http_clients import Client, account, settled, until
from veritas import AUTHORIZED, VeritasRejected
from veritas.breaker import Breaker
from veritas.http import HttpVeritas
from veritas.rejections import BELIEVED

AWAY = "the verification service is unavailable: "


class Service:
    """Rejects accounts of the last name Bad, and everybody while `rejecting` is a status."""

    def __init__(self, rejecting: int | None = None) -> None:
        self.rejecting = rejecting
        self.asked: list[tuple[str, str]] = []
        #: Seconds that an answer takes; a rejection takes none.
        self.latency = 0.0
        #: Reject a question that was answered before under another key.
        self.only_once = False
        self._answered: dict[float, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.asked.append((told["last_name"], request.headers["Idempotency-Key"]))
        if self.rejecting:
            return web.Response(status=self.rejecting)
        if told["last_name"] == "Bad":
            return web.Response(status=422)
        key = request.headers["Idempotency-Key"]
        if self.only_once and self._answered.setdefault(told["amount"], key) != key:
            return web.Response(status=409)
        await asyncio.sleep(self.latency)
        return web.json_response({"authorized": True})


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What an operator sees of it."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def outcomes(client: HttpVeritas, *names: str) -> Counter[str]:
    """What becomes of accounts of these last names, all asked about at once."""
    asked = [settled(client, account(number, name)) for number, name in enumerate(names, 1)]
    return Counter(await asyncio.gather(*asked))


@pytest.mark.parametrize("status", [400, 415, 451])
async def test_a_service_that_comes_to_reject_everybody_is_held_after_a_few(
    connect: Client, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    service, registry = Service(), CollectorRegistry()
    client = await connect(
        service.answer, registry=registry, breaker=Breaker(first_pause=0.1, last_pause=0.2)
    )
    assert await outcomes(client, *["Good"] * 20) == {"VeritasAnswer": 20}

    service.rejecting = status
    waiting = asyncio.create_task(outcomes(client, *["New"] * 200))
    await until(lambda: client.not_ready_reason is not None)
    said = f"answered {status} to everybody, also about an account that it had answered about"
    assert client.not_ready_reason == AWAY + said
    level, text = client.health
    assert (level, text.startswith(f"unavailable: {said}; breaker ")) == ("bad", True)
    assert registry.get_sample_value("veritas_unavailable", {"reason": "rejected"}) == 1
    assert registry.get_sample_value("veritas_breaker_state") in (1, 2)
    # The probes go on and change nothing.
    before = len(service.asked)
    await until(lambda: len(service.asked) >= before + 4)
    assert client.not_ready_reason == AWAY + said

    service.rejecting = None
    assert await waiting == {"VeritasRejected": BELIEVED, "VeritasAnswer": 200 - BELIEVED}
    assert client.not_ready_reason is None
    assert registry.get_sample_value("veritas_unavailable", {"reason": "rejected"}) == 0
    assert lines(caplog) == [
        f"accounts wait, {AWAY}{said}",
        "the verification service answers again",
    ]


async def test_a_service_that_rejected_everybody_from_the_start_is_held_likewise(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(rejecting=415)
    client = await connect(service.answer, breaker=Breaker(first_pause=0.1, last_pause=0.2))
    waiting = asyncio.create_task(outcomes(client, *["New"] * 200))
    await until(lambda: client.not_ready_reason is not None)
    said = f"{AWAY}answered 415 to everybody since this worker started"
    assert client.not_ready_reason == said
    # Until somebody has said that he waits, the one who found it out is asked about again.
    first = len(service.asked)
    await until(lambda: len({key for _, key in service.asked[first:]}) > 1)
    before = len(service.asked)
    await until(lambda: len(service.asked) >= before + 3)
    probes = [key for _, key in service.asked[before:]]
    assert len(set(probes)) == len(probes), "those who wait are asked about in turn"
    service.rejecting = None
    assert await waiting == {"VeritasRejected": BELIEVED, "VeritasAnswer": 200 - BELIEVED}
    assert lines(caplog) == [f"accounts wait, {said}", "the verification service answers again"]


async def test_an_account_alone_is_rejected_at_once_though_nobody_was_answered_about(
    connect: Client,
) -> None:
    service = Service()
    client = await connect(service.answer)
    with pytest.raises(VeritasRejected, match="the verification service answered 422"):
        await client.verify(account(1, "Bad"))
    assert len(service.asked) == 1


async def test_many_that_are_rejected_rightly_go_through_at_the_cost_of_a_few_controls(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service()
    client = await connect(service.answer, concurrency=16)
    await client.verify(account())
    assert await outcomes(client, *["Bad"] * 200) == {"VeritasRejected": 200}
    asked = Counter(name for name, _ in service.asked)
    assert asked["Bad"] == 200, "nobody is asked about twice"
    assert 1 < asked["Swaniawski"] <= 1 + 2 * 200 / BELIEVED
    keys = [key for name, key in service.asked if name == "Swaniawski"]
    assert len(set(keys)) == len(keys), "a control has a key of its own, lest a cache answers it"
    assert lines(caplog) == []


async def test_where_nobody_was_answered_about_the_first_answer_lets_the_others_go(
    connect: Client,
) -> None:
    client = await connect(Service().answer, breaker=Breaker(first_pause=0.05, last_pause=0.1))
    rejected = asyncio.create_task(outcomes(client, *["Bad"] * (BELIEVED + 20)))
    await until(lambda: client.not_ready_reason is not None)
    assert await settled(client, account(1_000)) == "VeritasAnswer"
    assert await rejected == {"VeritasRejected": BELIEVED + 20}
    assert client.not_ready_reason is None


async def test_rejections_that_are_quicker_than_the_first_answers_hold_nobody_up(
    connect: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service()
    service.latency = 0.3
    client = await connect(service.answer, concurrency=50)
    assert await outcomes(client, *["Bad"] * 40, *["Good"] * 20) == {
        "VeritasRejected": 40,
        "VeritasAnswer": 20,
    }
    assert lines(caplog) == []


async def test_where_the_control_is_rejected_as_a_repetition_others_bring_the_service_back(
    connect: Client,
) -> None:
    service = Service()
    service.only_once = True
    client = await connect(service.answer, breaker=Breaker(first_pause=0.05, last_pause=0.1))
    await client.verify(account())
    rejected = asyncio.create_task(outcomes(client, *["Bad"] * (BELIEVED + 1)))
    await until(lambda: client.not_ready_reason is not None)
    assert await settled(client, account(2_000)) == "VeritasAnswer"
    assert await rejected == {"VeritasRejected": BELIEVED + 1}


async def test_after_an_outage_only_an_answer_shows_that_it_is_back(connect: Client) -> None:
    service = Service()
    client = await connect(
        service.answer, breaker=Breaker(threshold=3, first_pause=0.05, last_pause=0.1)
    )
    assert await client.verify(account()) == AUTHORIZED
    service.rejecting = 503
    waiting = asyncio.create_task(outcomes(client, *["New"] * 50))
    await until(lambda: client.not_ready_reason == f"{AWAY}answered 503")
    service.rejecting = 415
    await until(lambda: "also about an account" in str(client.not_ready_reason))
    before = len(service.asked)
    await until(lambda: len(service.asked) >= before + 4)
    assert client.not_ready_reason is not None
    service.rejecting = None
    assert (await waiting)["VeritasAnswer"] >= 50 - BELIEVED
