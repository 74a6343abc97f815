"""What a worker says of its rules, in the internal topic of the workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import orjson

from records.codec.bounds import EPOCH_MS, OFFSETS
from records.codec.json_object import read_object

__all__ = ["Announcement", "read_announcement"]

_LARGEST: Final = 10_000
_TEXTS: Final = ("worker", "version", "refused", "why")


@dataclass(frozen=True, slots=True)
class Announcement:
    """Which rule set a worker judges by, after which record of the rules topic."""

    #: The worker's name, as its group's coordinator knows it.
    worker: str
    #: Of the rule set that it judges by.
    version: str
    #: Offset of the last record that it looked at; None while there was none.
    offset: int | None
    #: When it said so, in ms since the epoch.
    at: int
    #: What that record holds, where the worker cannot judge by it: a version, or "a record".
    refused: str = ""
    why: str = ""

    def dumps(self) -> bytes:
        """The record's value: JSON. Its key is the worker's name."""
        return orjson.dumps(asdict(self))


def read_announcement(value: bytes | None) -> Announcement | None:
    """The announcement in a record's value; None for anything else."""
    document = read_object(value, _LARGEST)
    if document is None or not _is_complete(document):
        return None
    return Announcement(**{each.name: document[each.name] for each in fields(Announcement)})


def _is_complete(document: Mapping[str, Any]) -> bool:
    offset, at = document.get("offset", -1), document.get("at")
    return (
        all(isinstance(document.get(name), str) for name in _TEXTS)
        and (offset is None or (type(offset) is int and offset in OFFSETS))
        and type(at) is int
        and at in EPOCH_MS
    )
