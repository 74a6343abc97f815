"""Looks once a second whether the worker is degraded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import faust
from faust_transactions import PartitionProgress
from prometheus_client import CollectorRegistry, Gauge

from agents.clock import now_ms
from agents.degraded.lag import LagHistory, LagSample
from agents.degraded.latency import LatencyWindow
from agents.degraded.reasons import REASONS, Bounds, Observed, Reason, exceeded
from agents.degraded.state import ChangeLog, Persistence
from veritas import RecentCalls

__all__ = ["Degradation"]

EVERY = 1.0


class Degradation:
    """Whether this worker is degraded, and why.

    ``progress`` returns that of the partitions it owns, ``latency`` the records within each of
    `LATENCY_BUCKETS` since its start, ``calls`` its recent calls of the verification service.
    ``clock`` is in seconds and never set back; ``time_ms`` is that of timestamps.
    """

    def __init__(
        self,
        bounds: Bounds,
        *,
        progress: Callable[[], Sequence[PartitionProgress]],
        latency: Callable[[], tuple[int, ...]],
        calls: Callable[[], RecentCalls],
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
        time_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._bounds = bounds
        self._progress = progress
        self._counts = latency
        self._calls = calls
        self._clock = clock
        self._time_ms = time_ms
        self._lag = LagHistory(bounds.lag)
        self._latency = LatencyWindow()
        self._state = Persistence()
        self._log = ChangeLog(bounds.setting)
        gauge = Gauge(
            "fraud_degraded",
            "1 while the worker is degraded, by reason.",
            ["reason"],
            registry=registry,
        )
        for reason in REASONS:
            gauge.labels(reason).set_function(partial(self._holds, reason))

    @property
    def reasons(self) -> Mapping[str, str]:
        """Each reason, with a line that has the figures; empty while it is not degraded."""
        return {str(reason): text for reason, text in self._state.active.items()}

    def line(self, *reasons: Reason) -> ReasonLine:
        """The health of these reasons, for one line of the page."""
        return ReasonLine(self, reasons)

    def watch(self, app: faust.App, not_ready_reason: Callable[[], str | None]) -> None:
        """Look while the app runs. What `not_ready_reason` reports is worse, and logged already."""

        async def look() -> None:
            self.look(is_ready=not_ready_reason() is None)

        app.timer(EVERY, name="degraded")(look)

    def look(self, *, is_ready: bool) -> None:
        """Compare once; log a change, unless the worker is not ready."""
        now = self._clock()
        self._state.update(now, exceeded(self._observed(now), self._bounds))
        if is_ready:
            self._log.update(now, self._state.active)

    def _holds(self, reason: Reason) -> bool:
        return reason in self._state.active

    def _observed(self, now: float) -> Observed:
        progress, at = self._progress(), self._time_ms()
        if progress:
            self._lag.add(
                LagSample(
                    now,
                    sum(each.lag for each in progress),
                    sum(each.committed for each in progress),
                    frozenset((each.topic, each.partition) for each in progress),
                )
            )
        else:
            self._lag.clear()
        return Observed(
            growth=self._lag.growth,
            pending=max((each.pending_seconds(at) for each in progress), default=0.0),
            latency=self._latency.add(now, self._counts()),
            calls=self._calls(),
        )


class ReasonLine:
    """Some of the reasons as a `web.HealthSource`: a warning, as the work goes on."""

    not_ready_reason = None

    def __init__(self, degradation: Degradation, reasons: tuple[Reason, ...]) -> None:
        self._degradation = degradation
        self._reasons = reasons

    @property
    def health(self) -> tuple[Literal["ok", "warn"], str]:
        """Severity and a one-line summary."""
        active = self._degradation.reasons
        texts = [active[reason] for reason in self._reasons if reason in active]
        return ("warn", "; ".join(texts)) if texts else ("ok", "not degraded")
