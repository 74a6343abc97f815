"""What the agents count, beside what the engine counts. One update a batch."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from agents.judging import STAGES, Judgement
from records.decode import CODES
from rules import REASONS
from veritas import UNANSWERED_CODES

__all__ = ["AccountMetrics"]

SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30)


class AccountMetrics:
    """Committed verdicts and dead letters of this worker, since its start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accounts = Counter(
            "fraud_accounts",
            "Accounts with a committed verdict, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._reasons = Counter(
            "fraud_reasons",
            "Reasons of unauthorized verdicts (one verdict can have several).",
            ["reason"],
            registry=registry,
        )
        self._dead_letters = Counter(
            "fraud_dead_letters", "Committed dead letters, by code.", ["code"], registry=registry
        )
        self._not_sent = Counter(
            "fraud_fake_accounts_not_sent",
            "Fake accounts that the broker did not acknowledge.",
            registry=registry,
        )
        self._stages = Histogram(
            "fraud_stage_seconds",
            "Seconds that a committed batch spent in each stage of being judged.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        # All series are there from the start: a rate over one that appears misses its first step.
        for outcome in ("authorized", "unauthorized"):
            self._accounts.labels(outcome)
        for reason in REASONS:
            self._reasons.labels(reason)
        for code in (*CODES, *UNANSWERED_CODES):
            self._dead_letters.labels(code)
        for stage in STAGES:
            self._stages.labels(stage)

    def __call__(self, judgement: Judgement) -> None:
        """Count a committed batch."""
        self._accounts.labels("authorized").inc(judgement.authorized)
        self._accounts.labels("unauthorized").inc(judgement.unauthorized)
        for reason, number in judgement.reasons.items():
            self._reasons.labels(reason).inc(number)
        for code, number in judgement.codes.items():
            self._dead_letters.labels(code).inc(number)
        for stage, seconds in judgement.seconds.items():
            self._stages.labels(stage).observe(seconds)

    def not_sent(self, number: int) -> None:
        """Count fake accounts that were lost."""
        self._not_sent.inc(number)
