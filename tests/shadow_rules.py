"""Twenty shadow rules of every kind, and what each of some is about in Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from records import BankAccount

#: What would change an outcome in every direction, if it were not for `shadow`.
_RULES = (
    ("each", "amount == amount", "unauthorized"),
    ("each_allowed", "amount == amount", "authorized"),
    ("each_looked_at", "amount == amount", "review"),
    ("large", "amount > 500", "unauthorized"),
    ("small", "amount < 100", "authorized"),
    ("fails", "1 / (amount - amount) > 1", "unauthorized"),
    ("fails_for_some", "100 % (amount - 7) >= 0", "authorized"),
    ("accepted", "veritas", "unauthorized"),
    ("declined", "not veritas", "authorized"),
    ("declined_looked_at", "not veritas", "review"),
    ("checksum", "not luhn_ok", "authorized"),
    ("long_name", "len(first_name) > 6", "review"),
    ("pattern", 'matches(last_name, "^[A-M]")', "unauthorized"),
    ("letter", 'contains(lower(last_name), "a")', "authorized"),
    ("visa", 'network == "visa"', "unauthorized"),
    ("others", 'network in ["mastercard", "amex", ""]', "authorized"),
    ("token_of", 'startswith(token, "a")', "unauthorized"),
    ("any_hour", "hour >= 12 or hour < 12", "review"),
    ("length", "card_length != 16", "authorized"),
    ("ending", 'last4 < "5000"', "unauthorized"),
)
NAMES = tuple(f"shadow_{name}" for name, _, _ in _RULES)
assert len(NAMES) == 20

#: Of those that follow from the account alone.
EXPECTED: Mapping[str, Callable[[BankAccount], bool]] = {
    "shadow_each": lambda account: True,
    "shadow_each_allowed": lambda account: True,
    "shadow_each_looked_at": lambda account: True,
    "shadow_large": lambda account: account.amount > 500,
    "shadow_small": lambda account: account.amount < 100,
    "shadow_fails": lambda account: False,
}


def source(prefix: str = "shadow_") -> str:
    """The rules as they are written in a rule file."""
    return "".join(
        f'\n[[rule]]\nname = "{prefix}{name}"\nwhen = {json.dumps(when)}\n'
        f'then = "{then}"\nshadow = true\n'
        for name, when, then in _RULES
    )
