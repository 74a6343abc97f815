"""The breaker: after failures in a row nobody is asked any more, but for one probe at a time.

    closed ──threshold failures in a row──▶ open ──pause over──▶ half-open ──answered──▶ closed
                                             ▲                       │
                                             └──── probe failed ─────┘

Why not the `purgatory` package: when its pause is over it lets every waiting caller through at
once, it takes a cancelled call for a failure, and it measures its pause by the wall clock.
"""

import time
from collections.abc import Callable
from typing import Final, Literal

State = Literal["closed", "half-open", "open"]

CLOSED: Final[State] = "closed"
HALF_OPEN: Final[State] = "half-open"
OPEN: Final[State] = "open"


class Breaker:
    """Counts failures in a row and says whether a call may be made.

    Each call takes a permit by `admit` and gives it back by exactly one of `succeeded`, `failed`
    and `ended`. What comes of calls that began before the breaker last opened or closed changes
    nothing. The pauses between two probes double from `first_pause` to `last_pause` seconds; they
    are longer where the service asks for it.
    """

    def __init__(
        self,
        threshold: int = 10,
        first_pause: float = 0.5,
        last_pause: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._first_pause = first_pause
        self._last_pause = last_pause
        self._clock = clock
        self._state: State = CLOSED
        self._failures = 0
        self._pause = first_pause
        self._probe_at = 0.0
        # Permits of an earlier term are void.
        self._term = 0

    @property
    def state(self) -> State:
        """closed: calls go through; open: none does; half-open: a probe is under way."""
        return self._state

    @property
    def failures(self) -> int:
        """Failed calls in a row."""
        return self._failures

    @property
    def pause_left(self) -> float:
        """Seconds until a probe may be made; 0 when it may be made now."""
        return max(0.0, self._probe_at - self._clock())

    def admit(self) -> int | None:
        """A permit for one call, or None: not now."""
        if self._state == CLOSED:
            return self._term
        if self._state == OPEN and not self.pause_left:
            self._term += 1
            self._state = HALF_OPEN
            return self._term
        return None

    def succeeded(self, permit: int) -> None:
        """The service answered: it is there."""
        if permit != self._term:
            return
        self._failures = 0
        if self._state == HALF_OPEN:
            self._term += 1
            self._state = CLOSED
            self._probe_at = 0.0
            self._pause = self._first_pause

    def failed(self, permit: int, wait: float = 0.0) -> bool:
        """The service did not answer, or not to the question; whether that counted.

        If the breaker is open after it, nobody is asked for `wait` seconds at least.
        """
        if permit != self._term:
            return False
        self._failures += 1
        if self._state == HALF_OPEN:
            self._pause = min(self._pause * 2, self._last_pause)
            self._open(wait)
        elif self._failures >= self._threshold:
            self._open(wait)
        return True

    def trip(self, wait: float = 0.0) -> None:
        """Open a closed one at once, for what is known otherwise than by failures in a row."""
        if self._state == CLOSED:
            self._open(wait)

    def ended(self, permit: int) -> None:
        """The call says nothing about the service: it was cancelled, or put off by a 429."""
        if permit == self._term and self._state == HALF_OPEN:
            self._open()

    def _open(self, wait: float = 0.0) -> None:
        self._term += 1
        self._state = OPEN
        self._probe_at = self._clock() + max(self._pause, wait)
