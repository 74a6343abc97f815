"""The fields of the rule language: which are given, and how the others are made of them.

Only what a rule names is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from records import card as cards
from rules.names import visible
from rules.networks import network

__all__ = ["COMPUTED", "GIVEN", "Computed"]

#: Arguments of a compiled function, in this order. The names are as they came, ``card`` is the
#: card number without its separators, ``timestamp`` the record's, in ms since the epoch; rules
#: cannot name these four.
GIVEN: Final = ("given_first_name", "given_last_name", "amount", "card", "token", "timestamp")

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Computed(NamedTuple):
    """How a field is made: of which others, given or computed before it."""

    of: tuple[str, ...]
    make: Callable[..., Any]


def _luhn_ok(card_well_formed: bool, card: str) -> bool:
    return card_well_formed and cards.luhn_ok(card)


def _bin(card_well_formed: bool, card: str) -> str:
    return card[:6] if card_well_formed else ""


def _last4(card_well_formed: bool, card: str) -> str:
    return card[-4:] if card_well_formed else ""


def _network(card_well_formed: bool, card: str) -> str:
    return network(card[:4]) if card_well_formed else ""


def _hour(timestamp: int) -> int:
    return timestamp // _HOUR_MS % 24


def _weekday(timestamp: int) -> int:
    return (timestamp // _DAY_MS + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0


#: In an order in which each is made of earlier ones.
COMPUTED: Final[dict[str, Computed]] = {
    "first_name": Computed(("given_first_name",), visible),
    "last_name": Computed(("given_last_name",), visible),
    "card_well_formed": Computed(("card",), cards.is_well_formed),
    "luhn_ok": Computed(("card_well_formed", "card"), _luhn_ok),
    "card_length": Computed(("card",), len),
    "bin": Computed(("card_well_formed", "card"), _bin),
    "last4": Computed(("card_well_formed", "card"), _last4),
    "network": Computed(("card_well_formed", "card"), _network),
    "hour": Computed(("timestamp",), _hour),
    "weekday": Computed(("timestamp",), _weekday),
}
