"""The work that all Python programs but ours do for an account, a record at a time.

The parts are the project's own, so that only the way of a record through the program differs.
Ours does the same a batch at a time (`agents/judging.py`).
"""

import os
from time import time_ns
from typing import Any

from records import BankAccount, Undecodable, decode, record_id
from records.card import digits, mask_number
from records.token import Tokens, key_id
from rules.given import given_fields
from rules.versions.active import builtin
from veritas import SimulatedVeritas

_KEY = os.environ["FRAUD_TOKEN_KEY"].encode()
_KEY_ID = key_id(_KEY)
_tokens = Tokens(_KEY)
_rules = builtin()
_veritas = SimulatedVeritas(
    float(os.environ["FRAUD_APPROVAL_RATE"]), int(os.environ["FRAUD_VERITAS_SEED"])
)

BROKER = os.environ["FRAUD_BROKER"].removeprefix("kafka://")
GROUP = os.environ["FRAUD_APP_ID"]
ACCOUNTS = os.environ["FRAUD_ACCOUNTS_TOPIC"]
VERDICTS = os.environ["FRAUD_VERDICTS_TOPIC"]
STATE = os.environ["BENCH_STATE"]


def account_in(value: bytes | None) -> BankAccount:
    """The account that these bytes are. The benchmark sends nothing else."""
    account = decode(value)
    assert not isinstance(account, Undecodable), account.detail
    return account


def verdict_on(
    account: BankAccount, topic: str, partition: int, offset: int, timestamp: int
) -> dict[str, Any]:
    """The fields of the verdict on an account; `timestamp` in ms. Its key is `account`."""
    number = digits(account.credit_card_number)
    name = _tokens(number)
    rules = _rules.compiled
    given = given_fields(account, number, name, timestamp)
    fired = rules.before(*given)
    answer = _veritas.answer(account).authorized if rules.needs_veritas(fired, given) else None
    decision = rules.decide(fired, answer)
    return {
        "id": record_id(topic, partition, offset),
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "account": name,
        "card": mask_number(number),
        "amount": account.amount,
        "authorized": decision.outcome == "authorized",
        "reasons": decision.reasons,
        "verified_at": time_ns() // 1_000_000,
        "key": _KEY_ID,
        "outcome": decision.outcome,
        "score": decision.score,
        "rules": _rules.version,
        "veritas": answer,
    }
