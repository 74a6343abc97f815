"""When a reason begins and ends, and what the log says of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from agents.degraded.reasons import REASONS, Reason

__all__ = ["ChangeLog", "Persistence"]

logger = logging.getLogger(__name__)

#: Seconds for which a bound must be exceeded until the reason begins, and must not be exceeded
#: until it ends: `for` and `keep_firing_for` of an alert of Prometheus.
BEGINS_AFTER = 3.0
ENDS_AFTER = 30.0


class Persistence:
    """The reasons that hold: a moment begins none, and one that comes and goes does not flap."""

    def __init__(self) -> None:
        self._since: dict[Reason, float] = {}
        self._seen: dict[Reason, tuple[float, str]] = {}
        self.active: dict[Reason, str] = {}

    def update(self, now: float, exceeded: Mapping[Reason, str]) -> None:
        """Set what is exceeded now; `now` is a reading of a monotonic clock, in seconds."""
        self._since = {reason: self._since.get(reason, now) for reason in exceeded}
        self._seen |= {reason: (now, text) for reason, text in exceeded.items()}
        self.active = {
            reason: self._text(reason, now) for reason in REASONS if self._is(reason, now)
        }

    def _is(self, reason: Reason, now: float) -> bool:
        if reason in self.active:
            return now - self._seen[reason][0] < ENDS_AFTER
        return reason in self._since and now - self._since[reason] >= BEGINS_AFTER

    def _text(self, reason: Reason, now: float) -> str:
        seen, text = self._seen[reason]
        return text if seen == now else f"{text} (last seen {now - seen:.0f} s ago)"


class ChangeLog:
    """Logs that the worker becomes degraded, each further reason once, and that it is no more."""

    def __init__(self, setting: Callable[[Reason], str]) -> None:
        """`setting` returns the setting of a reason's bound, with its value."""
        self._setting = setting
        #: The reasons that were logged since the worker became degraded, and when that was.
        self._logged: list[Reason] = []
        self._since = 0.0

    def update(self, now: float, active: Mapping[Reason, str]) -> None:
        """Log what has changed."""
        for reason in [each for each in active if each not in self._logged]:
            self._since = self._since if self._logged else now
            self._logged.append(reason)
            logger.warning(
                "degraded (%s): %s; the bound is %s",
                reason,
                active[reason],
                self._setting(reason),
                extra={"degraded": list(active)},
            )
        if self._logged and not active:
            reasons, self._logged = ", ".join(self._logged), []
            logger.warning(
                "no longer degraded (%s), after %.0f s",
                reasons,
                now - self._since,
                extra={"degraded": []},
            )
