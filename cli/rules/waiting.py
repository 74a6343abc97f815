"""Which workers do not judge by a publication yet, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from records.printable.text import shown
from rules.versions.announcement import Announcement

__all__ = ["Laggard", "laggards"]

_LONGEST = 300


class Laggard(NamedTuple):
    """A worker that does not judge by it."""

    worker: str
    why: str
    #: True when waiting changes nothing.
    is_final: bool = False


def laggards(
    present: Iterable[str], said: Mapping[str, Announcement], version: str, offset: int
) -> list[Laggard]:
    """The present workers that do not judge by this version, which was published at this offset."""
    found = []
    for name in sorted(present):
        worker, last = shown(name, 100), said.get(name)
        if last is None:
            found.append(Laggard(worker, "has not said which rules it judges by"))
        elif last.offset is None or last.offset < offset:
            found.append(Laggard(worker, f"still judges by {shown(last.version)}"))
        elif last.offset > offset and last.version != version:
            why = f"judges by {shown(last.version)}, which was published right after it"
            found.append(Laggard(worker, why, is_final=True))
        elif last.refused and last.offset == offset:
            why = f"cannot use it, judges by {shown(last.version)}: {shown(last.why, _LONGEST)}"
            found.append(Laggard(worker, why, is_final=True))
    return found
