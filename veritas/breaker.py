"""The circuit breaker: while it is open, accounts wait and one probe at a time is sent.

    closed ──half of the calls failed, or N rejections in a row──▶ open
    open ──pause over──▶ half-open ──probe answered──▶ closed
                             └───probe failed, the pause doubles──▶ open

Counted are the calls about all accounts: at least the last `MIN_CALLS`, at most the last
`MAX_CALLS`, and in between those of the last `WINDOW` seconds.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

State = Literal["closed", "half-open", "open"]

CLOSED: Final[State] = "closed"
HALF_OPEN: Final[State] = "half-open"
OPEN: Final[State] = "open"

WINDOW: Final = 10.0
MIN_CALLS: Final = 10
MAX_CALLS: Final = 100
#: Share of failed calls from which the breaker opens.
FAILED_SHARE: Final = 0.5
#: Rejections in a row, without an answer between, that open the breaker.
REJECTED_IN_A_ROW: Final = 10


class Breaker:
    """Decides from the outcomes of calls whether the service may be asked.

    Each call gets a permit from `admit` or `admit_probe` and returns it by exactly one of
    `answered`, `failed`, `rejected` and `cancelled`. A permit from before the breaker last opened
    or closed changes nothing. The pauses between probes double from `first_pause` to `last_pause`
    seconds; they are longer where the service asks for it.
    """

    def __init__(
        self,
        *,
        rejected_in_a_row: int = REJECTED_IN_A_ROW,
        first_pause: float = 0.5,
        last_pause: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rejected_in_a_row = rejected_in_a_row
        self._first_pause = first_pause
        self._last_pause = last_pause
        self._clock = clock
        self._state: State = CLOSED
        self._calls: deque[tuple[float, bool]] = deque(maxlen=MAX_CALLS)
        self._rejections = 0
        #: Whether a run of rejections opened it.
        self.opened_by_rejections = False
        #: How often a run of rejections has opened it.
        self.rejection_openings = 0
        self._pause = first_pause
        self._probe_at = 0.0
        self._term = 0

    @property
    def state(self) -> State:
        """closed: calls are made; open: none is; half-open: a probe is in flight."""
        return self._state

    @property
    def pause_left(self) -> float:
        """Seconds until the next probe; 0 when it may be sent now."""
        return max(0.0, self._probe_at - self._clock())

    @property
    def recent_calls(self) -> tuple[int, int]:
        """How many of the calls in the window failed, and how many there are."""
        while len(self._calls) > MIN_CALLS and self._calls[0][0] < self._clock() - WINDOW:
            self._calls.popleft()
        return sum(failed for _, failed in self._calls), len(self._calls)

    def admit(self) -> int | None:
        """A permit for one call, or None while the breaker is not closed."""
        return self._term if self._state == CLOSED else None

    def admit_probe(self) -> int | None:
        """A permit for the one probe, or None when it is not time for one."""
        if self._state != OPEN or self.pause_left:
            return None
        self._term += 1
        self._state = HALF_OPEN
        return self._term

    def answered(self, permit: int) -> None:
        """The service authorized or declined the account."""
        if permit != self._term:
            return
        if self._state == HALF_OPEN:
            self._close()
        self._rejections = 0
        self._count(failed=False)

    def failed(self, permit: int, wait: float = 0.0) -> bool:
        """The service did not answer; no probe is sent for `wait` seconds. True if it counted."""
        if permit != self._term:
            return False
        if self._state == HALF_OPEN:
            self._reopen(wait)
            return True
        self._count(failed=True)
        failed, calls = self.recent_calls
        if calls >= MIN_CALLS and failed >= FAILED_SHARE * calls:
            self._open(wait)
        return True

    def rejected(self, permit: int, *, repeated: bool = False) -> bool:
        """The service rejected the account; `repeated` if it did so before. True if it counted.

        It is a response, so it closes the breaker where failures had opened it.
        """
        if permit != self._term:
            return False
        if self._state == HALF_OPEN:
            if self.opened_by_rejections:
                self._reopen()
                return True
            self._close()
        self._count(failed=False)
        if not repeated:
            self._rejections += 1
            if self._rejections >= self.rejected_in_a_row:
                self._open(by_rejections=True)
        return True

    def cancelled(self, permit: int) -> None:
        """The call was cancelled. Changes nothing when its outcome was reported before."""
        if permit == self._term and self._state == HALF_OPEN:
            self._open_for(self._pause)

    def trip(self) -> bool:
        """Open a closed breaker now. True if it was closed."""
        if self._state != CLOSED:
            return False
        self._open()
        return True

    def _count(self, *, failed: bool) -> None:
        self._calls.append((self._clock(), failed))

    def _close(self) -> None:
        self._term += 1
        self._state = CLOSED
        self._calls.clear()
        self._rejections = 0
        self._pause = self._first_pause
        self._probe_at = 0.0

    def _open(self, wait: float = 0.0, *, by_rejections: bool = False) -> None:
        self.opened_by_rejections = by_rejections
        self.rejection_openings += by_rejections
        self._open_for(max(self._pause, wait))

    def _reopen(self, wait: float = 0.0) -> None:
        self._pause = min(self._pause * 2, self._last_pause)
        self._open_for(max(self._pause, wait))

    def _open_for(self, seconds: float) -> None:
        self._term += 1
        self._state = OPEN
        self._probe_at = self._clock() + seconds
