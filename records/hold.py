"""A partition that is held, as its worker says in the control topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Protocol

import orjson

from records.codec.bounds import EPOCH_MS, OFFSETS, PARTITIONS
from records.codec.json_object import read_object
from records.printable.text import shown

__all__ = ["Hold", "hold_key", "read_hold", "still_held"]

_LARGEST: Final = 4_000
_LONGEST: Final = 200


class Judged(Protocol):
    """What is asked of a partition's row."""

    @property
    def next_offset(self) -> int:
        """Everything below is done."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The batch at which a partition stopped."""

    partition: int
    #: Offsets of its first record, and after its last one.
    begin: int
    end: int
    #: Of the record that is one dead letter too many.
    offset: int
    #: Since when, in ms since the epoch.
    at: int
    #: One line, without the partition: how many dead letters there are.
    reason: str
    worker: str = ""

    @property
    def key(self) -> bytes:
        """The record's key."""
        return hold_key(self.partition)

    def dumps(self) -> bytes:
        """The record's value: JSON."""
        return orjson.dumps(asdict(self))

    def document(self) -> dict[str, Any]:
        """What `/verdicts/` says of it. Anybody may have written the text."""
        return {"offset": self.offset, "since": self.at, "reason": shown(self.reason, _LONGEST)}


def hold_key(partition: int) -> bytes:
    """The key of the partition's record."""
    return b"held-%d" % partition


def read_hold(key: bytes | None, value: bytes | None) -> Hold | None:
    """The hold in a record; None for anything else."""
    document = read_object(value, _LARGEST)
    if document is None or not _is_complete(document):
        return None
    hold = Hold(**{each.name: document[each.name] for each in fields(Hold)})
    return hold if hold.key == key else None


def still_held(holds: Mapping[int, Hold], rows: Mapping[int, Judged]) -> dict[int, Hold]:
    """Those whose batch is not committed.

    So a record that stayed, as of a worker that was killed, is of no effect once its partition
    went on.
    """
    return {
        partition: hold
        for partition, hold in holds.items()
        if partition not in rows or rows[partition].next_offset <= hold.begin
    }


def _is_complete(document: Mapping[str, Any]) -> bool:
    numbers = {
        "partition": PARTITIONS,
        "begin": OFFSETS,
        "end": OFFSETS,
        "offset": OFFSETS,
        "at": EPOCH_MS,
    }
    return (
        all(type(document.get(name)) is int for name in numbers)
        and all(document[name] in allowed for name, allowed in numbers.items())
        and document["begin"] <= document["offset"] < document["end"]
        and all(isinstance(document.get(name), str) for name in ("reason", "worker"))
    )
