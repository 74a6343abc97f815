"""What the web shows, and where it gets it: no Kafka here, only these few promises."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from prometheus_client import CollectorRegistry

from records.totals import Row
from web.history import History


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
        """Waits for a version above this one, `seconds` at most; returns the version."""


class Recent(Protocol):
    """The last verdicts, looked up only while somebody watches (`web.recent` has it)."""

    @property
    def verdicts(self) -> Sequence[Mapping[str, Any]]:
        """Newest first."""

    def watch(self) -> AbstractContextManager[None]:
        """Keeps the verdicts up to date inside the `with`."""


Level = Literal["ok", "warn", "bad"]
_LEVELS: tuple[Level, ...] = ("ok", "warn", "bad")


@dataclass(frozen=True)
class Health:
    """How a part of the stream is, in a word for the eye and a line for the reader."""

    level: Level
    text: str

    @classmethod
    def worst(cls, *found: tuple[Level, str]) -> "Health":
        """The gravest of these; the first of several."""
        return cls(*max(found, key=lambda one: _LEVELS.index(one[0])))


def _no_reason() -> str | None:
    return None


@dataclass(frozen=True)
class WebState:
    """Everything that the views show. What is called here must answer at once, and not raise."""

    feed: Feed
    partitions: int
    #: The name of the worker that answers, as `owners` has it.
    worker: Callable[[], str]
    app_version: str
    registry: CollectorRegistry
    recent: Recent
    #: Why the worker cannot do its work now (rebalancing, provider away), in a few words.
    not_ready_reason: Callable[[], str | None] = _no_reason
    #: Partition -> the worker that owns it now; None while that is not known.
    owners: Callable[[], Mapping[int, str] | None] = field(kw_only=True)
    engine: Callable[[], Health] = field(kw_only=True)
    provider: Callable[[], Health] = field(kw_only=True)
    history: History = field(default_factory=History)

    def ready(self) -> str | None:
        """None when the worker is ready, else the reason in a few words."""
        if not self.feed.ready:
            return "the counts of the group are being read"
        if not self.feed.connected:
            return "Kafka does not answer"
        return self.not_ready_reason()
