"""Which values a field can have, so that a comparison that never holds is a fault."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from rules.faults import did_you_mean
from rules.networks import NETWORKS

__all__ = [
    "impossible",
    "impossible_length",
    "impossible_order",
    "impossible_part",
    "is_possible",
]


class _Domain(NamedTuple):
    says: str
    holds: Callable[[object], bool]
    #: Least and most: of a number, or of the characters of a text.
    least: float = 0
    most: float = math.inf
    #: Characters that a text consists of, as a pattern.
    characters: str = "."


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0 and value == int(value)


def _text_like(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


_DOMAINS: Final[dict[str, _Domain]] = {
    "network": _Domain(
        f"network is {', '.join(NETWORKS)} or empty",
        lambda value: value in (*NETWORKS, ""),
        most=max(map(len, NETWORKS)),
        characters="[a-z]",
    ),
    "bin": _Domain("bin is six digits or empty", _text_like("[0-9]{6}|"), 0, 6, "[0-9]"),
    "last4": _Domain("last4 is four digits or empty", _text_like("[0-9]{4}|"), 0, 4, "[0-9]"),
    "token": _Domain(
        "token is 32 hex digits in lower case", _text_like("[0-9a-f]{32}"), 32, 32, "[0-9a-f]"
    ),
    "hour": _Domain("hour is a whole number from 0 to 23", lambda value: value in range(24), 0, 23),
    "weekday": _Domain(
        "weekday is 0 (Monday) to 6 (Sunday)", lambda value: value in range(7), 0, 6
    ),
    "card_length": _Domain("card_length is a whole number from 0", _is_count),
}
_TEXT: Final = _Domain("", lambda _value: True)


def impossible(field: str, value: object) -> str | None:
    """Why the field never has this value; None where it can."""
    domain = _DOMAINS.get(field)
    if domain is None or is_possible(field, value):
        return None
    hint = did_you_mean(value, NETWORKS) if field == "network" and isinstance(value, str) else ""
    return f"{domain.says}{hint}"


def is_possible(field: str, value: object) -> bool:
    """Whether the field can have this value."""
    domain = _DOMAINS.get(field)
    return domain is None or domain.holds(value)


def impossible_part(field: str, part: str) -> str | None:
    """Why no value of the field contains this text; None where one may."""
    domain = _DOMAINS.get(field, _TEXT)
    if len(part) > domain.most:
        return f"{domain.says}, and this has {len(part)} characters"
    if re.fullmatch(f"{domain.characters}*", part, re.DOTALL):
        return None
    return domain.says


def impossible_order(field: str, op: ast.cmpop, value: float) -> str | None:
    """Why ``field op value`` never holds, for one of the four ordered comparisons, or None."""
    domain = _DOMAINS.get(field)
    return domain.says if domain is not None and _is_outside(domain, op, value) else None


def impossible_length(field: str, op: ast.cmpop, value: float) -> str | None:
    """Why ``len(field) op value`` never holds, ``==`` included, or None."""
    domain = _DOMAINS.get(field, _TEXT)
    if not _is_outside(domain, op, value):
        return None
    return domain.says or "a text has 0 characters or more"


def _is_outside(domain: _Domain, op: ast.cmpop, value: float) -> bool:
    match op:
        case ast.Gt():
            return value >= domain.most
        case ast.GtE():
            return value > domain.most
        case ast.Lt():
            return value <= domain.least
        case ast.LtE():
            return value < domain.least
        case ast.Eq():
            return not domain.least <= value <= domain.most or value != int(value)
    return False
