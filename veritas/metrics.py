"""What the HTTP client counts."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from veritas.breaker import CLOSED, HALF_OPEN, OPEN, State

_RESULTS = ("authorized", "declined", "rejected", "throttled", "error", "timeout", "unreachable")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NUMBER: dict[State, int] = {CLOSED: 0, HALF_OPEN: 1, OPEN: 2}


class VeritasMetrics:
    """Calls of the verification service by this worker, attempts and probes included.

    ``state`` is the breaker's; it is asked when somebody looks.
    """

    def __init__(self, registry: CollectorRegistry, state: Callable[[], State]) -> None:
        self._calls = Counter(
            "veritas_calls", "Calls, by what came of them.", ["result"], registry=registry
        )
        self._seconds = Histogram(
            "veritas_call_seconds", "Time of one call.", buckets=_SECONDS, registry=registry
        )
        breaker = Gauge(
            "veritas_breaker_state",
            "The breaker of the verification service: 0 closed, 1 half-open, 2 open.",
            registry=registry,
        )
        breaker.set_function(lambda: _NUMBER[state()])
        for result in (*_RESULTS, "refused", "cancelled"):
            self._calls.labels(result)

    def call(self, result: str, seconds: float) -> None:
        """Count one call."""
        self._calls.labels(result).inc()
        self._seconds.observe(seconds)
