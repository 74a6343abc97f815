"""What an operator decided about a partition that is held, in the control topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import orjson

from records.codec.bounds import EPOCH_MS, OFFSETS, PARTITIONS
from records.codec.json_object import read_object

__all__ = ["LONGEST_TEXT", "Release", "read_release"]

LONGEST_TEXT: Final = 200
"""Characters of an author's name, and of a note."""

_LARGEST: Final = 4_000
_KEY: Final = b"release-%d"


@dataclass(frozen=True, slots=True)
class Release:
    """Which records of a partition do not count towards the limit on dead letters.

    Those of the batch that was held, by their offsets: so a release is of no effect on a hold that
    begins later, whatever the clocks say, and means the same to whoever owns the partition.
    """

    partition: int
    #: Offsets from `begin` to before `end` do not count, and nothing before them does any more.
    begin: int
    end: int
    #: Nor does anything that is judged before then, in ms since the epoch; None: no such time.
    until: int | None
    #: When it was written, in ms since the epoch.
    at: int
    author: str = ""
    note: str = ""

    @property
    def key(self) -> bytes:
        """The record's key: of the releases of a partition the last one is kept."""
        return _KEY % self.partition

    def dumps(self) -> bytes:
        """The record's value: JSON."""
        return orjson.dumps(asdict(self))


def read_release(key: bytes | None, value: bytes | None) -> Release | None:
    """The release in a record; None for anything else."""
    document = read_object(value, _LARGEST)
    if document is None or not _is_complete(document):
        return None
    release = Release(**{each.name: document[each.name] for each in fields(Release)})
    return release if release.key == key else None


def _is_complete(document: Mapping[str, Any]) -> bool:
    numbers = {"partition": PARTITIONS, "begin": OFFSETS, "end": OFFSETS, "at": EPOCH_MS}
    until = document.get("until", -1)
    return (
        all(type(document.get(name)) is int for name in numbers)
        and all(document[name] in allowed for name, allowed in numbers.items())
        and document["begin"] < document["end"]
        and (until is None or (type(until) is int and until in EPOCH_MS))
        and all(isinstance(document.get(name), str) for name in ("author", "note"))
    )
