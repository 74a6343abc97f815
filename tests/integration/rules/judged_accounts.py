"""Accounts with the verdicts that a worker would give, in the topics of one test."""

import time
from collections.abc import Sequence
from typing import Any

import orjson

from agents.fakes import FakeAccounts
from cli.produce.fake_values import unique_values
from config import Settings
from records import BankAccount, decode
from records.card import mask
from records.token import token
from rules.given import given
from rules.judge_again import judge_again
from rules.versions.active import RuleVersion, builtin
from tests.integration.by_hand import bootstrap
from tests.topics import produce

KEY = b"key-of-these-tests"
_BUILTIN = builtin()


def fakes(number: int, seed: int = 5) -> list[bytes]:
    """Accounts of the producer, of which each twentieth has a wrong check digit."""
    made = []
    for index, value in enumerate(unique_values(FakeAccounts(seed), number, seed)):
        fields = orjson.loads(value)
        if index % 20 == 0:
            card = fields["CreditCardNumber"]
            fields["CreditCardNumber"] = card[:-1] + str((int(card[-1]) + 1) % 10)
        made.append(orjson.dumps(fields))
    return made


def verdict_on(
    settings: Settings,
    partition: int,
    offset: int,
    value: bytes,
    *,
    version: RuleVersion | None = None,
    **changes: Any,
) -> bytes:
    """The verdict of these rules; Veritas authorizes amounts whose whole part is even."""
    version = version or _BUILTIN
    account = decode(value)
    assert isinstance(account, BankAccount)
    name = token(account.credit_card_number, KEY)
    veritas: bool | None = int(account.amount) % 2 == 0
    again = judge_again(version.compiled, given(account, name, 0), veritas)
    assert again.decision is not None
    decision = again.decision
    fields: dict[str, Any] = {
        "id": f"{settings.accounts_topic}-{partition}-{offset}",
        "topic": settings.accounts_topic,
        "partition": partition,
        "offset": offset,
        "account": name,
        "card": mask(account.credit_card_number),
        "amount": account.amount,
        "authorized": decision.outcome == "authorized",
        "reasons": decision.reasons,
        "verified_at": time.time_ns() // 1_000_000,
        "outcome": decision.outcome,
        "score": decision.score,
        "rules": version.version,
        "veritas": veritas if again.asks else None,
    }
    optional = {"allowed_by": decision.allowed_by, "shadow": decision.shadow}
    fields |= {name: found for name, found in optional.items() if found}
    return orjson.dumps(fields | changes)


def send_accounts(settings: Settings, partition: int, values: Sequence[bytes]) -> None:
    produce(bootstrap(settings), settings.accounts_topic, values, partition=partition)
