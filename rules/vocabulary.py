"""The fields and functions that an expression may use, and their types."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

__all__ = ["AFTER_VERITAS", "FIELDS", "FUNCTIONS", "Function", "Kind"]


class Kind(Enum):
    """The type of a value in an expression; the values are its name in messages."""

    NUMBER = "a number"
    TEXT = "a string"
    TRUTH = "true or false"
    NUMBERS = "a list of numbers"
    TEXTS = "a list of strings"

    @property
    def listed(self) -> Kind | None:
        """The list of such values; None where there is none."""
        return {Kind.NUMBER: Kind.NUMBERS, Kind.TEXT: Kind.TEXTS}.get(self)


#: Known only after Veritas answered: a rule that names it is evaluated then.
AFTER_VERITAS: Final = "veritas"

#: What an expression may name. The whole card number is not among them.
FIELDS: Final[dict[str, Kind]] = {
    "first_name": Kind.TEXT,
    "last_name": Kind.TEXT,
    "amount": Kind.NUMBER,
    "bin": Kind.TEXT,
    "last4": Kind.TEXT,
    "card_length": Kind.NUMBER,
    "card_well_formed": Kind.TRUTH,
    "luhn_ok": Kind.TRUTH,
    "network": Kind.TEXT,
    "token": Kind.TEXT,
    "hour": Kind.NUMBER,
    "weekday": Kind.NUMBER,
    AFTER_VERITAS: Kind.TRUTH,
}


class Function(NamedTuple):
    """The arguments of a function and what it returns."""

    arguments: tuple[Kind, ...]
    returns: Kind
    #: The last argument has to be a string written in the expression.
    literal_last: bool = False


FUNCTIONS: Final[dict[str, Function]] = {
    "len": Function((Kind.TEXT,), Kind.NUMBER),
    "lower": Function((Kind.TEXT,), Kind.TEXT),
    "upper": Function((Kind.TEXT,), Kind.TEXT),
    "startswith": Function((Kind.TEXT, Kind.TEXT), Kind.TRUTH),
    "endswith": Function((Kind.TEXT, Kind.TEXT), Kind.TRUTH),
    "contains": Function((Kind.TEXT, Kind.TEXT), Kind.TRUTH),
    "matches": Function((Kind.TEXT, Kind.TEXT), Kind.TRUTH, literal_last=True),
    "in_list": Function((Kind.TEXT, Kind.TEXT), Kind.TRUTH, literal_last=True),
}
