"""Metrics of the client."""

from collections.abc import Callable
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from veritas.breaker import CLOSED, HALF_OPEN, OPEN, State
from veritas.call import Failure

_FAILURES: tuple[Failure, ...] = get_args(Failure)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NUMBER: dict[State, int] = {CLOSED: 0, HALF_OPEN: 1, OPEN: 2}


class VeritasMetrics:
    """Calls of the verification service by this worker, retries and probes included.

    `state` is the breaker's state, `failure` what keeps it open, `retried` how many accounts are
    being retried after all their attempts failed; they are called at each scrape.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        state: Callable[[], State],
        failure: Callable[[], Failure | None],
        retried: Callable[[], int],
    ) -> None:
        self._calls = Counter("veritas_calls", "Calls, by result.", ["result"], registry=registry)
        self._seconds = Histogram(
            "veritas_call_seconds", "Duration of one call.", buckets=_SECONDS, registry=registry
        )
        Gauge(
            "veritas_breaker_state",
            "State of the circuit breaker: 0 closed, 1 half-open, 2 open.",
            registry=registry,
        ).set_function(lambda: _NUMBER[state()])
        Gauge(
            "veritas_retried_accounts",
            "Accounts being retried after a whole round of attempts failed.",
            registry=registry,
        ).set_function(retried)
        unavailable = Gauge(
            "veritas_unavailable",
            "1 while the service is unavailable, by the result of the last probe.",
            ["reason"],
            registry=registry,
        )
        for reason in _FAILURES:
            unavailable.labels(reason).set_function(partial(_is, reason, failure))
        for result in ("authorized", "declined", *_FAILURES, "cancelled"):
            self._calls.labels(result)

    def call(self, result: str, seconds: float) -> None:
        """Count one call."""
        self._calls.labels(result).inc()
        self._seconds.observe(seconds)


def _is(reason: Failure, failure: Callable[[], Failure | None]) -> bool:
    return failure() == reason
