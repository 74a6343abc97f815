"""Which values a field can have, so that a comparison that never holds is a fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from rules.faults import did_you_mean
from rules.networks import NETWORKS

__all__ = ["impossible", "is_possible", "longest"]


class _Domain(NamedTuple):
    says: str
    holds: Callable[[object], bool]
    #: Characters of the longest value; None for numbers.
    longest: int | None = None


def _text_like(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


_DOMAINS: Final[dict[str, _Domain]] = {
    "network": _Domain(
        f"network is {', '.join(NETWORKS)} or empty", lambda value: value in (*NETWORKS, "")
    ),
    "bin": _Domain("bin is six digits or empty", _text_like("[0-9]{6}|"), 6),
    "last4": _Domain("last4 is four digits or empty", _text_like("[0-9]{4}|"), 4),
    "token": _Domain("token is 32 hex digits in lower case", _text_like("[0-9a-f]{32}"), 32),
    "hour": _Domain("hour is a whole number from 0 to 23", lambda value: value in range(24)),
    "weekday": _Domain("weekday is 0 (Monday) to 6 (Sunday)", lambda value: value in range(7)),
}


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


def longest(field: str) -> int | None:
    """Characters of the field's longest value, where it has one."""
    domain = _DOMAINS.get(field)
    return domain.longest if domain is not None else None
