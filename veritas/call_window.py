"""The recent calls, by which it is seen that the service is slow or fails a share of them.

The breaker forgets its calls whenever it opens or closes; this window does not.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

#: The calls that ended in the last `SECONDS`, at most `MOST`. Where these are fewer than `LEAST`,
#: the last `LEAST` of the last `LONGEST` seconds, so that a share is not one of two calls.
SECONDS: Final = 5.0
LONGEST: Final = 60.0
LEAST: Final = 10
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One call that ended."""

    ended: float
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True)
class RecentCalls:
    """What the window holds now."""

    ended: tuple[Call, ...] = ()
    #: For how long each call under way has been under way (s).
    under_way: tuple[float, ...] = ()

    @property
    def failed(self) -> int:
        """Calls that failed."""
        return sum(call.failed for call in self.ended)

    def slower_than(self, bound: float) -> tuple[int, int]:
        """How many calls took so many seconds or longer, and of how many.

        A call under way counts once it has taken that long.
        """
        waiting = sum(seconds >= bound for seconds in self.under_way)
        slow = sum(call.seconds >= bound for call in self.ended)
        return slow + waiting, len(self.ended) + waiting


class CallWindow:
    """Keeps the recent calls; times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._ended: deque[Call] = deque(maxlen=MOST)
        self._began: dict[object, float] = {}

    def began(self, now: float) -> object:
        """Note that a call begins; returns what `ended` takes."""
        call = object()
        self._began[call] = now
        return call

    def ended(self, call: object, now: float, *, failed: bool | None) -> None:
        """Note how a call ended; None: it was cancelled, and does not count."""
        began = self._began.pop(call)
        if failed is not None:
            self._ended.append(Call(now, now - began, failed))

    def at(self, now: float) -> RecentCalls:
        """The calls in the window."""
        while self._ended and self._ended[0].ended < now - LONGEST:
            self._ended.popleft()
        kept = list(self._ended)
        late = sum(call.ended < now - SECONDS for call in kept)
        kept = kept[min(late, max(0, len(kept) - LEAST)) :]
        return RecentCalls(tuple(kept), tuple(now - began for began in self._began.values()))
