"""What makes a worker degraded: observations compared with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from agents.degraded.lag import Growth
from agents.degraded.latency import Percentile
from veritas import RecentCalls

__all__ = ["REASONS", "Bounds", "Observed", "Reason", "exceeded"]

Reason = Literal["lag", "latency", "veritas_failures", "veritas_latency"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

#: Fewer records than this have no 99th percentile worth the name, fewer calls no share.
LEAST_RECORDS: Final = 100
LEAST_CALLS: Final = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """The settings `FRAUD_DEGRADED_…`; 0 turns a reason off.

    `lag` and the latencies are seconds, `veritas_failures` is a share of the calls.
    """

    lag: float
    latency: float
    veritas_failures: float
    veritas_latency: float

    def setting(self, reason: Reason) -> str:
        """The setting of this reason's bound, with its value."""
        return f"FRAUD_DEGRADED_{reason.upper()}={getattr(self, reason):g}"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a worker knows of its own partitions and calls now."""

    #: Over `Bounds.lag` seconds.
    growth: Growth | None
    #: Age of the next account of the partition where that is highest (s).
    pending: float
    latency: Percentile
    calls: RecentCalls


def exceeded(observed: Observed, bounds: Bounds) -> dict[Reason, str]:
    """The reasons whose bound is exceeded, each with a line that has the figures."""
    found: dict[Reason, str | None] = {
        "lag": _lag(observed, bounds) if bounds.lag else None,
        "latency": _latency(observed, bounds.latency) if bounds.latency else None,
        "veritas_failures": _failures(observed.calls, bounds.veritas_failures),
        "veritas_latency": _slow_calls(observed.calls, bounds.veritas_latency),
    }
    return {reason: text for reason, text in found.items() if text is not None}


def _lag(observed: Observed, bounds: Bounds) -> str | None:
    if observed.growth is None:
        return None
    before, now = observed.growth
    return f"the lag grew from {before:,} to {now:,} accounts in {bounds.lag:g} s"


def _latency(observed: Observed, bound: float) -> str | None:
    if observed.pending >= bound:
        return f"the oldest pending account is {observed.pending:,.0f} s old"
    seconds, records = observed.latency
    if records >= LEAST_RECORDS and seconds > bound:
        return f"more than 1 % of the last {records:,} accounts took longer than {bound:g} s"
    return None


def _failures(calls: RecentCalls, bound: float) -> str | None:
    number = len(calls.ended)
    if not bound or number < LEAST_CALLS or calls.failed < bound * number:
        return None
    return f"{calls.failed} of the last {number} calls to Veritas failed"


def _slow_calls(calls: RecentCalls, bound: float) -> str | None:
    slow, number = calls.slower_than(bound)
    if not bound or number < LEAST_CALLS or 2 * slow < number:
        return None
    return f"{slow} of the last {number} calls to Veritas took {bound:g} s or longer"
