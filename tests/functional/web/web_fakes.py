"""What the web shows, made up: no broker, no engine."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp.web
import faust
from faust_transactions import Versioned
from prometheus_client import CollectorRegistry, Counter

from records import PartitionCounts
from rules.versions.active import RuleVersion, builtin
from web import Health, WebState, attach
from web.lookups import Answer, Lookups


class FakeFeed(Versioned):
    """Rows that a test sets; a `web.Feed`."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, PartitionCounts] = {}
        self.source_begins: dict[int, int] = {}
        self.source_ends: dict[int, int] = {}
        self.ready = True
        self.connected = True

    def set(self, partition: int, **fields: Any) -> None:
        """Replaces the row of a partition, as its writer would."""
        self.rows[partition] = PartitionCounts(**fields)
        self.changed()


class FakeRecent:
    """Verdicts that a test sets; a `web.Recent` that counts who watches."""

    def __init__(self) -> None:
        self.verdicts: Sequence[Mapping[str, Any]] = []
        self.watchers = 0

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1


class Stage:
    """A Faust app with the pages, and the strings to pull."""

    def __init__(self, token: str | None = None, web_port: int = 6066) -> None:
        self.feed = FakeFeed()
        self.recent = FakeRecent()
        self.not_ready_reason: str | None = None
        self.owners: dict[int, str] | None = None
        self.engine = Health("ok", "working on 2 partitions")
        self.provider = Health("ok", "answers in 2 ms")
        self.degraded: dict[str, str] = {}
        self.tokens = Health("ok", "key a1b2c3d4")
        self.explain: Callable[[str], Answer] = lambda record_id: (HTTPStatus.OK, {"id": record_id})
        self.search: Callable[[str], Answer] = lambda token: (HTTPStatus.OK, {"token": token})
        self.rules: RuleVersion = builtin()
        registry = CollectorRegistry()
        Counter("accounts", "judged", registry=registry).inc(3)
        self.app = faust.App(
            "web-test",
            broker="kafka://127.0.0.1:1",
            store="memory://",
            web_bind="127.0.0.1",
            web_port=web_port,
            web_tables_enabled=False,
            web_router_enabled=False,
            web_stats_enabled=False,
            web_graph_enabled=False,
        )
        self.state = WebState(
            feed=self.feed,
            partitions=2,
            worker=lambda: "worker-a:6066",
            app_version="1.2.3",
            registry=registry,
            recent=self.recent,
            owners=lambda: self.owners,
            health={
                "engine": [EngineOf(self)],
                "provider": [ProviderOf(self)],
                "tokens": [TokensOf(self)],
            },
            degraded=lambda: self.degraded,
            explanations=Lookups(self._explain),
            searches=Lookups(self._search),
            rules=lambda: self.rules,
        )
        attach(self.app, self.state, token=token)

    def _explain(self, record_id: str) -> Answer:
        return self.explain(record_id)

    def _search(self, token: str) -> Answer:
        return self.search(token)

    def web_app(self) -> aiohttp.web.Application:
        """What aiohttp serves; make it once, within the loop that will serve it."""
        self.app.finalize()
        self.app.web.init_server()
        made: aiohttp.web.Application = self.app.web.web_app  # type: ignore[attr-defined] # aiohttp's driver has it
        return made


class EngineOf:
    """The stage's engine as a `web.HealthSource`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def not_ready_reason(self) -> str | None:
        return self._stage.not_ready_reason

    @property
    def health(self) -> Health:
        return self._stage.engine


class ProviderOf:
    """The stage's verification service, likewise."""

    not_ready_reason = None

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def health(self) -> Health:
        return self._stage.provider


class TokensOf(ProviderOf):
    """The stage's token keys, likewise."""

    @property
    def health(self) -> Health:
        return self._stage.tokens
