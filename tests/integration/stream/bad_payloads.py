"""Payloads that cannot become an account, of every kind, drawn from a seed."""

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

from records.codec.decode import CODES, MAX_BYTES

BROKEN = "Broken"
"""The last name of accounts that the verification service always fails about."""

Account = dict[str, Any]
Make = Callable[[random.Random, Account], bytes | None]


def dumped(account: Account, **changes: Any) -> bytes:
    return json.dumps(account | changes).encode()


def with_amount(account: Account, literal: str) -> bytes:
    return dumped(account, Amount="@").replace(b'"@"', literal.encode())


def empty(rng: random.Random, _: Account) -> bytes | None:
    return rng.choice([None, b"", b" ", b"\r\n\t"])


def too_large(rng: random.Random, account: Account) -> bytes:
    size = 950_000 if rng.random() < 0.02 else MAX_BYTES + rng.randrange(10_000)
    return dumped(account, FirstName="x" * size)


def not_utf8(rng: random.Random, account: Account) -> bytes:
    good = dumped(account)
    at = rng.randrange(len(good))
    kinds = [good[:at] + b"\xff" + good[at:], gzip.compress(good), b"\xff\xfe" + good, b"\xc0\x80"]
    return rng.choice(kinds)


def not_json(rng: random.Random, account: Account) -> bytes:
    good = dumped(account)
    number = rng.choice(["NaN", "Infinity", "-Infinity", "00", ".5", "0x10", "5."])
    kinds = [
        b"garbage",
        good[: rng.randrange(1, len(good))],
        good + good,
        b"\xef\xbb\xbf" + good,
        with_amount(account, number),
        good.replace(b'"FirstName": "', rb'"FirstName": "\ud800'),
    ]
    return rng.choice(kinds)


def too_deep(rng: random.Random, account: Account) -> bytes:
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    depth = rng.randrange(1_025, 5_000)
    deep = opening * depth + b"1" + closing * depth
    return rng.choice([deep, dumped(account)[:-1] + b',"x":' + deep + b"}"])


def number_range(rng: random.Random, account: Account) -> bytes:
    return with_amount(account, rng.choice(["1e400", "-1e400", "9" * 400, f"1e{10**20}"]))


def not_an_object(rng: random.Random, account: Account) -> bytes:
    good = dumped(account)
    card = account["CreditCardNumber"]
    return rng.choice([b"null", b"true", b"5", b"[" + good + b"]", json.dumps(card).encode()])


def field_missing(rng: random.Random, account: Account) -> bytes:
    name = rng.choice(list(account))
    rest = {each: value for each, value in account.items() if each != name}
    other = rng.choice([{}, {name.lower(): account[name]}, {name.upper(): account[name]}])
    return rng.choice([b"{}", dumped(rest | other)])


def field_null(rng: random.Random, account: Account) -> bytes:
    name = rng.choice(list(account))
    twice = dumped(account)[:-1] + f',"{name}":null}}'.encode()
    return rng.choice([dumped(account, **{name: None}), twice])


def field_type(rng: random.Random, account: Account) -> bytes:
    name = rng.choice(list(account))
    right = account[name]
    wrong = [True, [right], {"value": right}, str(right) if name == "Amount" else 7]
    return dumped(account, **{name: rng.choice(wrong)})


def veritas_failed(_: random.Random, account: Account) -> bytes:
    return dumped(account, LastName=BROKEN)


BAD: dict[str, Make] = {
    make.__name__: make
    for make in (
        empty,
        too_large,
        not_utf8,
        not_json,
        too_deep,
        number_range,
        not_an_object,
        field_missing,
        field_null,
        field_type,
        veritas_failed,
    )
}
assert set(BAD) == {*CODES, "veritas_failed"}
