"""Result of a batch: its verdicts and dead letters, and how many there are of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from records import BankAccount, DeadLetter, PartitionCounts
from records.partition_counts import added
from rules.compiled import Decision
from rules.versions.active import RuleVersion

__all__ = ["Counted", "Judgement"]


class Counted(Protocol):
    """Accounts of a batch with the same decision."""

    @property
    def decision(self) -> Decision:
        """What the rules decided."""

    @property
    def hits(self) -> tuple[str, ...]:
        """The rules that fired, but for shadow rules."""

    @property
    def number(self) -> int:
        """How many accounts."""


@dataclass(slots=True)
class Judgement:
    """Outcome of one batch: each record is in exactly one of the two lists."""

    next_offset: int
    #: The rules that all of the batch was judged by.
    version: RuleVersion
    #: Key (the account token) and value of each verdict, in the order of the accounts.
    verdicts: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    #: The judged accounts and what was decided, for the log.
    accounts: list[tuple[BankAccount, Decision]] = field(default_factory=list)
    #: Verdicts by outcome, by reason, and by rule that fired; evaluations that failed, by rule.
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    shadow_hits: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    #: Seconds that the batch spent in each of `agents.judging.STAGES`.
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, groups: Iterable[Counted]) -> None:
        """Count the accounts of these groups: there are few, whatever the size of the batch."""
        for group in groups:
            decision, number = group.decision, group.number
            self.outcomes[decision.outcome] += number
            for tally, names in (
                (self.reasons, decision.reasons),
                (self.hits, group.hits),
                (self.shadow_hits, decision.shadow),
                (self.errors, decision.failed),
            ):
                for name in names:
                    tally[name] += number

    @property
    def codes(self) -> Counter[str]:
        """Dead letters by code."""
        return Counter(letter.code for letter in self.dead_letters)

    def added_to(
        self, row: PartitionCounts, *, invalid_window: str, worker: str, key: str, now: int
    ) -> PartitionCounts:
        """The partition's row once this batch is committed; ``now`` in ms since the epoch."""
        names, outcomes = self.version.compiled.names, self.outcomes
        return PartitionCounts(
            authorized=row.authorized + outcomes["authorized"],
            review=row.review + outcomes["review"],
            unauthorized=row.unauthorized + outcomes["unauthorized"],
            dead_letters=row.dead_letters + len(self.dead_letters),
            next_offset=max(row.next_offset, self.next_offset),
            reasons=added(row.reasons, self.reasons, names),
            hits=added(row.hits, self.hits, names),
            shadow_hits=added(row.shadow_hits, self.shadow_hits, names),
            codes=dict(Counter(row.codes) + self.codes),
            worker=worker,
            updated_at=now,
            invalid_window=invalid_window,
            key=key,
        )
