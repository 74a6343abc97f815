"""What the web shows, and the protocols of where it comes from: no Kafka here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from records.hold import Hold
from records.totals import Row
from rules.versions.active import RuleVersion
from web.health import HealthSource, not_ready_reason
from web.live.history import History
from web.live.rule_hits import RuleHits
from web.lookups import Lookups


class Feed(Protocol):
    """The rows of the whole group as they change (`faust_transactions.kafka.follower` has one)."""

    @property
    def rows(self) -> Mapping[int, Row]:
        """Partition -> row, where there is one."""

    @property
    def source_begins(self) -> Mapping[int, int]:
        """Partition -> first offset of the accounts in it; empty while unknown."""

    @property
    def source_ends(self) -> Mapping[int, int]:
        """Partition -> end of the accounts in it; empty while unknown."""

    @property
    def version(self) -> int:
        """Grows with each change of a row."""

    @property
    def ready(self) -> bool:
        """True once all rows that there were at the start have been seen."""

    @property
    def connected(self) -> bool:
        """False while the brokers do not answer; the rows are then the last ones seen."""

    async def wait_changed(self, version: int, seconds: float, /) -> int:
        """Wait for a version above this one, `seconds` at most; return the version."""


class Recent(Protocol):
    """The last verdicts, looked up only while somebody watches (`web.live.recent` has it)."""

    @property
    def verdicts(self) -> Sequence[Mapping[str, Any]]:
        """Newest first."""

    def watch(self) -> AbstractContextManager[None]:
        """Keep the verdicts up to date inside the `with`."""


@dataclass(frozen=True)
class WebState:
    """Everything that the views show. Every call answers at once and raises nothing."""

    feed: Feed
    partitions: int
    #: Name of this worker, as in `owners`.
    worker: Callable[[], str]
    app_version: str
    registry: CollectorRegistry
    recent: Recent
    #: Partition -> the worker that owns it now; None while that is not known.
    owners: Callable[[], Mapping[int, str] | None]
    #: Line of the page -> the parts that it is about, in the order in which they are asked why the
    #: worker is not ready.
    health: Mapping[str, Sequence[HealthSource]]
    explanations: Lookups
    #: The newest verdicts of a token.
    searches: Lookups
    #: The rule set that this worker judges by.
    rules: Callable[[], RuleVersion]
    #: Reasons why the worker is degraded, each with a line that has the figures; empty while it is
    #: not.
    degraded: Callable[[], Mapping[str, str]] = dict
    #: Partition -> what was said when it was held; `records.hold.still_held` has those in effect.
    holds: Callable[[], Mapping[int, Hold]] = dict
    history: History = field(default_factory=History)
    rule_hits: RuleHits = field(default_factory=RuleHits)

    @property
    def not_ready_reason(self) -> str | None:
        """Reason why the worker is not ready, in a few words, or None."""
        if not self.feed.ready:
            return "reading the counts of the group"
        if not self.feed.connected:
            return "Kafka does not answer"
        return not_ready_reason(chain.from_iterable(self.health.values()))
