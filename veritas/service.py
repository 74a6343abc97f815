"""Builds the client of a verification service from plain values."""

from prometheus_client import CollectorRegistry

from veritas.breaker import Breaker
from veritas.call import HttpCalls
from veritas.client import VeritasClient


def http_service(
    url: str,
    registry: CollectorRegistry,
    *,
    token: str | None,
    timeout: float,
    connect_timeout: float,
    concurrency: int,
    attempts: int,
    rejected_in_a_row: int,
    key: bytes,
    send_card: bool,
) -> VeritasClient:
    """The service at `url`; connects to nothing. The values are those of the settings."""
    calls = HttpCalls(
        url,
        token=token,
        timeout=timeout,
        connect_timeout=connect_timeout,
        connections=concurrency + 1,  # one for a probe
    )
    return VeritasClient(
        calls,
        key=key,
        send_card=send_card,
        concurrency=concurrency,
        attempts=attempts,
        breaker=Breaker(rejected_in_a_row=rejected_in_a_row),
        registry=registry,
    )
