"""Health of the verification service: severity and a one-line summary."""

from collections.abc import Collection
from statistics import median
from typing import Final

from veritas.attribution import FailedCalls
from veritas.breaker import OPEN, Breaker
from veritas.protocol import VeritasHealth

#: Share of failed calls from which the health line warns.
_NOTABLE: Final = 0.1


def health_of(
    breaker: Breaker,
    outage: str | None,
    retried: Collection[FailedCalls],
    answer_seconds: Collection[float],
) -> VeritasHealth:
    """Health of the service as this worker sees it.

    `outage` is why the breaker is open, or None. `retried` are the accounts for which a whole round
    of attempts has failed. `answer_seconds` says how long each of the last answers took.
    """
    if outage:
        when = "probe in flight"
        if breaker.state == OPEN:
            when = f"next probe in {breaker.pause_left:.0f} s"
        return VeritasHealth("bad", f"unavailable: {outage}; {when}")
    if retried:
        worst = max(retried, key=lambda failed: failed.calls)
        text = f"{worst.calls} failed calls about one, the last one: {worst.last}"
        return VeritasHealth("warn", f"accounts being retried: {len(retried)}; {text}")
    failed, calls = breaker.recent_calls
    if failed > _NOTABLE * calls:
        return VeritasHealth("warn", f"{failed} of the last {calls} calls failed")
    if not answer_seconds:
        return VeritasHealth("ok", "not asked yet")
    ms, number = 1000 * median(answer_seconds), len(answer_seconds)
    return VeritasHealth("ok", f"answers in {ms:.0f} ms (median of the last {number})")
