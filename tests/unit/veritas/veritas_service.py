"""A verification service without sockets, and a client of it, in virtual time."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from records import BankAccount
from tests.unit.veritas.virtual_time import now
from veritas import Result, Unanswered, VeritasAnswer
from veritas.breaker import Breaker
from veritas.call import CallFailed, Calls, Question, meaning
from veritas.client import VeritasClient

#: The status of the answer about an account of this last name.
Plan = Callable[[str], int]


class Service(Calls):
    """Answers with the status that `plan` gives; 0 stands for no connection."""

    def __init__(self, plan: Plan, latency: float = 0.02, retry_after: str = "") -> None:
        self.plan = plan
        self.latency = latency
        self.headers = {"Retry-After": retry_after}
        #: Last name and time of each call.
        self.asked: list[tuple[str, float]] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def ask(self, question: Question) -> VeritasAnswer:
        name = json.loads(question.body)["last_name"]
        self.asked.append((name, now()))
        await asyncio.sleep(self.latency)
        if not (status := self.plan(name)):
            raise CallFailed("no connection (Refused)", "unreachable")
        return meaning(status, b'{"authorized": true}', self.headers)


async def client_of(
    service: Service, *, rejected_in_a_row: int = 10, **options: Any
) -> VeritasClient:
    """A started client in virtual time; its jitter is the same in each run."""
    random.seed(1)
    clock = asyncio.get_running_loop().time
    breaker = Breaker(rejected_in_a_row=rejected_in_a_row, clock=clock)
    client = VeritasClient(service, key=b"key", breaker=breaker, clock=clock, **options)
    await client.start()
    return client


def accounts(*names: str) -> list[BankAccount]:
    """One account for each last name; all are different."""
    return [
        BankAccount(
            first_name="Jimmie",
            last_name=name,
            credit_card_number="4111111111111111",
            amount=100.0 + number,
        )
        for number, name in enumerate(names)
    ]


def summary(results: Iterable[Result]) -> Counter[str]:
    """How many got which: "answered" or the code of the dead letter."""
    return Counter(each.code if isinstance(each, Unanswered) else "answered" for each in results)


async def outcome(client: VeritasClient, *names: str) -> Counter[str]:
    """What becomes of one batch of accounts with these last names."""
    return summary(await client.verify(accounts(*names)))


def bad_gets(status: int) -> Plan:
    """Accounts of the last name Bad get this status, all others are answered."""
    return lambda name: status if name == "Bad" else 200


def failing(share: float, status: int = 500, seed: int = 1) -> Plan:
    """This share of all calls fails; those about the last name Bad all do."""
    chance = random.Random(seed)
    return lambda name: status if name == "Bad" or chance.random() < share else 200
