"""Which tenures did nothing between two looks, and which of them were found hanging in both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["IdleTenures", "Owned"]


class Owned(Protocol):
    """What is looked at of a partition that the worker owns; `Tenure` is one."""

    @property
    def position(self) -> int | None:
        """Next offset to be done."""

    @property
    def state(self) -> Any:
        """The row; None until the first batch is committed."""

    @property
    def committing_since(self) -> float | None:
        """When the transaction under way began to be written, None while none is."""


OwnedT = TypeVar("OwnedT", bound=Owned)


class IdleTenures(Generic[OwnedT]):
    """Remembers, from one look to the next, where each tenure stood."""

    def __init__(self) -> None:
        self._positions: dict[OwnedT, int] = {}
        self._suspects: set[OwnedT] = set()

    def since_last_look(self, tenures: Iterable[OwnedT]) -> list[OwnedT]:
        """Those that have committed before, but nothing since the last look."""
        now = {
            tenure: tenure.position
            for tenure in tenures
            if tenure.state is not None and tenure.position is not None
        }
        idle = [
            tenure
            for tenure, position in now.items()
            if self._positions.get(tenure) == position and tenure.committing_since is None
        ]
        self._positions = now
        self._suspects.intersection_update(idle)
        return idle

    def hangs(self, tenure: OwnedT) -> bool:
        """Say of an idle one that its transaction is open; true from the second look on.

        One look could have met the moment in which markers are being written.
        """
        known = tenure in self._suspects
        self._suspects.add(tenure)
        return known
