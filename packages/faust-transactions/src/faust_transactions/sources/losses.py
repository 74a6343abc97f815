"""Records that retention deleted before they were fetched: the log line, the metric, health."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from faust.types import TP
from prometheus_client import Counter

from faust_transactions.observe.health import Health

__all__ = ["Losses"]

logger = logging.getLogger(__name__)

#: Seconds for which a loss makes the worker not ready. It is final, so the worker must not be out
#: of rotation for ever; health shows it as a warning until the worker is restarted.
NOT_READY_FOR = 600.0


class Loss(NamedTuple):
    """Offsets ``begin`` up to, but not including, ``end``."""

    begin: int
    end: int

    def beyond(self, other: Loss) -> int:
        """Offsets of this one that are not in the other."""
        overlap = min(self.end, other.end) - max(self.begin, other.begin)
        return self.end - self.begin - max(0, overlap)


class Losses:
    """Losses of a worker's partitions, each offset counted once. Kept over rebalances."""

    def __init__(self, counter: Counter, clock: Callable[[], float] = time.monotonic) -> None:
        self._counter = counter
        self._clock = clock
        self._last: dict[TP, Loss] = {}
        self._suspected: set[TP] = set()
        self._text = ""
        self._when: float | None = None

    def watch(self, tp: TP) -> None:
        """Have the counter of a partition at 0 from the start."""
        self._counter.labels(tp.topic, tp.partition)

    def suspect(self, tp: TP, next_fetch: int, log_start: int) -> None:
        """Report early, and once, what a partition that waits is going to miss.

        An upper bound, as a part of it may be in the client's memory: it is not counted yet.
        """
        if log_start <= next_fetch or tp in self._suspected:
            return
        self._suspected.add(tp)
        self._report(
            f"{tp.topic}-{tp.partition}: retention deleted up to {log_start - next_fetch} offsets "
            f"that wait to be processed, from {next_fetch} up to {log_start}"
        )

    def note(self, tp: TP, next_fetch: int, log_start: int) -> None:
        """Count and report what lies between the next offset and the first that is left."""
        self._suspected.discard(tp)
        if log_start <= next_fetch:
            return
        lost = Loss(next_fetch, log_start)
        number = lost.beyond(self._last.get(tp, Loss(0, 0)))
        self._last[tp] = lost
        if not number:
            return
        self._counter.labels(tp.topic, tp.partition).inc(number)
        self._report(
            f"{tp.topic}-{tp.partition}: retention deleted {number} offsets before they were "
            f"processed, from {next_fetch} up to {log_start}"
        )

    def health(self) -> Health | None:
        """The last loss: bad for ten minutes, then a warning until the worker is restarted."""
        if self._when is None:
            return None
        recent = self._clock() - self._when < NOT_READY_FOR
        return Health("bad" if recent else "warn", self._text)

    def _report(self, text: str) -> None:
        self._when, self._text = self._clock(), text
        logger.warning("%s; raise retention.ms or retention.bytes of the topic", text)
