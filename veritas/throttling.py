"""Whether a service only throttles (429), or answers nobody any more.

Some calls that are put off are ordinary: those who ask wait and ask again. A service that puts
off everybody for long judges nobody, which its users must be told, and asking it by 64 at once
does not make it better.
"""

from typing import Final

#: Seconds of 429 and not one answer, after which everybody waits and one asks.
PATIENCE: Final = 10.0
#: Seconds without a 429 after which the next one begins anew. Whoever waits asks more often.
_FORGOTTEN: Final = 60.0


class Throttling:
    """Measures for how long there has been no answer; times are of one monotonic clock (s)."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._since: float | None = None
        self._last = float("-inf")

    def put_off(self, now: float) -> bool:
        """A 429 came: whether there has been no answer for too long.

        Errors and time-outs in between are no answers.
        """
        if self._since is None or now - self._last > _FORGOTTEN:
            self._since = now
        self._last = now
        return now - self._since >= self._patience

    def answered(self) -> None:
        """The service answered about somebody, be it by a rejection that is believed."""
        self._since = None
