"""What the agents count, beside what the engine counts. One update a batch."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from agents.judgement import Judgement
from agents.judging import STAGES
from records.codec.decode import CODES
from records.outcome import OUTCOMES, STANDING_REASONS
from rules.ruleset import Rule
from rules.versions.active import RuleVersion
from veritas import UNANSWERED_CODES

__all__ = ["AccountMetrics"]

LIVE, SHADOW = "live", "shadow"
SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30)


class AccountMetrics:
    """Committed verdicts and dead letters of this worker, since its start.

    Rules have series while they are in the active set: give `follow` each version.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accounts = Counter(
            "fraud_accounts",
            "Accounts with a committed verdict, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._reasons = Counter(
            "fraud_reasons",
            "Reasons of verdicts that are not authorized (one verdict can have several).",
            ["reason"],
            registry=registry,
        )
        self._hits = Counter(
            "fraud_rule_hits",
            "Accounts for which a rule fired, by rule; mode says whether it has an effect.",
            ["rule", "mode"],
            registry=registry,
        )
        self._errors = Counter(
            "fraud_rule_errors",
            "Accounts for which a rule could not be evaluated, by rule.",
            ["rule"],
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
        for outcome in OUTCOMES:
            self._accounts.labels(outcome)
        for code in (*CODES, *UNANSWERED_CODES):
            self._dead_letters.labels(code)
        for stage in STAGES:
            self._stages.labels(stage)
        self._rule_series: dict[Counter, set[tuple[str, ...]]] = {
            counter: set() for counter in (self._reasons, self._hits, self._errors)
        }

    def follow(self, version: RuleVersion) -> None:
        """Make the series of this set's rules, and remove those of rules that it does not have."""
        rules = version.compiled.rule_set.rules
        against = [each for each in rules if not each.shadow and _is_against(each)]
        wanted: dict[Counter, set[tuple[str, ...]]] = {
            self._reasons: {
                (name,) for name in (*(rule.name for rule in against), *STANDING_REASONS)
            },
            self._hits: {(rule.name, SHADOW if rule.shadow else LIVE) for rule in rules},
            self._errors: {(rule.name,) for rule in rules},
        }
        for counter, series in wanted.items():
            for labels in self._rule_series[counter] - series:
                counter.remove(*labels)
            for labels in series:
                counter.labels(*labels)
        self._rule_series = wanted

    def __call__(self, judgement: Judgement) -> None:
        """Count a committed batch."""
        for outcome, number in judgement.outcomes.items():
            self._accounts.labels(outcome).inc(number)
        for name, number in judgement.reasons.items():
            self._count(self._reasons, number, name)
        for name, number in judgement.hits.items():
            self._count(self._hits, number, name, LIVE)
        for name, number in judgement.shadow_hits.items():
            self._count(self._hits, number, name, SHADOW)
        for name, number in judgement.errors.items():
            self._count(self._errors, number, name)
        for code, number in judgement.codes.items():
            self._dead_letters.labels(code).inc(number)
        for stage, seconds in judgement.seconds.items():
            self._stages.labels(stage).observe(seconds)

    def not_sent(self, number: int) -> None:
        """Count fake accounts that were lost."""
        self._not_sent.inc(number)

    def _count(self, counter: Counter, number: int, *labels: str) -> None:
        # Also of a batch that was judged before its rules were replaced: the next set removes it.
        self._rule_series[counter].add(labels)
        counter.labels(*labels).inc(number)


def _is_against(rule: Rule) -> bool:
    return rule.then in ("review", "unauthorized") or rule.points > 0
