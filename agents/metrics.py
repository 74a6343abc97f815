"""What the agents count, beside what the engine counts. One update a batch."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from agents.judging import Judgement

__all__ = ["AccountMetrics"]


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
        for outcome in ("authorized", "unauthorized"):
            self._accounts.labels(outcome)

    def __call__(self, judgement: Judgement) -> None:
        """Count a committed batch."""
        self._accounts.labels("authorized").inc(judgement.authorized)
        self._accounts.labels("unauthorized").inc(judgement.unauthorized)
        for reason, number in judgement.reasons.items():
            self._reasons.labels(reason).inc(number)
        for letter in judgement.dead_letters:
            self._dead_letters.labels(letter.code).inc()

    def not_sent(self, number: int) -> None:
        """Count fake accounts that were lost."""
        self._not_sent.inc(number)
