"""The log of outages: a line at the beginning, at each change of reason, and at the end.

A service that fails half of its calls opens the breaker every other second. So an outage that
begins soon after the last one is logged only once it lasts; that the service is degraded, the log
says in any case.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

#: Lines in `PERIOD` seconds, at most: a service that comes and goes does not flood the log.
LINES: Final = 10
PERIOD: Final = 60.0
#: An outage that begins so many seconds after the end of the last one, or later, is logged at once;
#: an earlier one when it has lasted for `LASTS` seconds.
APART: Final = 30.0
LASTS: Final = 10.0


class OutageLog:
    """Logs why accounts wait; times are in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reason: str | None = None
        #: When the outage under way may be logged, None while there is none.
        self._logged_from: float | None = None
        self._ended = float("-inf")
        self._lines: deque[float] = deque(maxlen=LINES)
        self._retried_at = float("-inf")

    def unavailable(self, reason: str) -> None:
        """Log the reason, if it is not the one logged last. To be called at each failed probe."""
        now = self._clock()
        if self._logged_from is None:
            self._logged_from = now if now - self._ended >= APART else now + LASTS
        if now >= self._logged_from and reason != self._reason and self._may_log():
            self._reason = reason
            logger.warning("accounts wait, %s", reason)

    def over(self) -> None:
        """Log the end, if the beginning was logged."""
        self._logged_from, self._ended = None, self._clock()
        if self._reason is not None:
            self._reason = None
            logger.warning("the verification service answers again")

    def retried(self, line: str) -> None:
        """Log that an account is still retried, once in `PERIOD` seconds."""
        now = self._clock()
        if now - self._retried_at >= PERIOD:
            self._retried_at = now
            logger.warning("%s", line)

    def _may_log(self) -> bool:
        now = self._clock()
        if len(self._lines) == LINES and now - self._lines[0] < PERIOD:
            return False
        self._lines.append(now)
        return True
