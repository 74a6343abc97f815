"""The log of outages: a line at the beginning, at each change of reason, and at the end."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

#: Lines in `PERIOD` seconds, at most: a service that comes and goes does not flood the log.
LINES: Final = 10
PERIOD: Final = 60.0


class OutageLog:
    """Logs why accounts wait; times are in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reason: str | None = None
        self._lines: deque[float] = deque(maxlen=LINES)
        self._retried_at = float("-inf")

    def unavailable(self, reason: str) -> None:
        """Log the reason, if it is not the one logged last."""
        if reason != self._reason and self._may_log():
            self._reason = reason
            logger.warning("accounts wait, %s", reason)

    def over(self) -> None:
        """Log the end, if the beginning was logged."""
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
