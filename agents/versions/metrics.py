"""Metrics of the rule set that this worker judges by."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import InfoMetricFamily
from prometheus_client.registry import Collector

from rules.selection import Refusal
from rules.versions.active import ActiveRules

__all__ = ["RuleMetrics"]


class Follower(Protocol):
    """What is asked of the follower."""

    refused: Refusal | None


class RuleMetrics(Collector):
    """Which rule set is active, since when, and whether a newer one was refused; at each scrape."""

    def __init__(
        self, registry: CollectorRegistry, active: ActiveRules, follower: Follower
    ) -> None:
        self._active = active
        registry.register(self)
        Gauge(
            "fraud_rules_published_timestamp_seconds",
            "When the rule set that this worker judges by was published; 0 for the built-in one.",
            registry=registry,
        ).set_function(lambda: (active.current.since or 0) / 1000)
        Gauge(
            "fraud_rules_refused",
            "1 while this worker cannot use the last record of the rules topic, else 0.",
            registry=registry,
        ).set_function(lambda: follower.refused is not None)

    def collect(self) -> list[InfoMetricFamily]:
        """One series, whose label changes with the rule set."""
        return [
            InfoMetricFamily(
                "fraud_rules",
                "Rule set that this worker judges by.",
                value={"version": self._active.current.version},
            )
        ]
