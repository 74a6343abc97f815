"""How the parts of a worker are, and whether the worker is ready."""

from collections.abc import Iterable
from typing import Final, Protocol

from faust_transactions import Health, Level

_LEVELS: Final[tuple[Level, ...]] = ("ok", "warn", "bad")


class HealthSource(Protocol):
    """A part of the worker. Both properties answer at once and raise nothing."""

    @property
    def not_ready_reason(self) -> str | None:
        """Reason why the worker cannot do its work now, in a few words, or None."""

    @property
    def health(self) -> tuple[Level, str]:
        """Severity and a one-line summary."""


def not_ready_reason(sources: Iterable[HealthSource]) -> str | None:
    """The first reason that one of these gives.

    Health that is bad is a reason, too: it does not pass by itself, so a worker that is left
    running with it must not look ready.
    """
    for source in sources:
        level, text = source.health
        reason = source.not_ready_reason or (text if level == "bad" else None)
        if reason is not None:
            return reason
    return None


def worst(sources: Iterable[HealthSource]) -> Health:
    """The gravest health of these, the first one of several."""
    return Health(*max((each.health for each in sources), key=lambda one: _LEVELS.index(one[0])))
