"""Builds what the pages show of an app, its engine and the counts of the group, and attaches it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import faust
from faust_transactions import ChangelogFollower, Engine, LatestRecords, member_name
from prometheus_client import CollectorRegistry

from records import PartitionCounts
from records.hold import Hold
from rules.versions.active import ActiveRules
from web.attach import attach
from web.health import HealthSource
from web.live.recent import RecentVerdicts
from web.live.state import WebState
from web.lookups import Answer, Lookups


@dataclass(frozen=True)
class PageTopics:
    """The topics that the page shows, and how they are read."""

    accounts: str
    verdicts: str
    #: The topic of the rows.
    changelog: str
    #: Number of partitions of each of these topics.
    partitions: int
    #: The aiokafka options of a consumer.
    client: Mapping[str, Any]


@dataclass(frozen=True)
class ThisWorker:
    """What a worker shows of itself; the fields mean what they mean in `WebState`."""

    version: str
    registry: CollectorRegistry
    health: Mapping[str, Sequence[HealthSource]]
    degraded: Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Answers:
    """Answers to requests that look something up. Both functions may block."""

    #: `GET /verdicts/ID`
    explain: Callable[[str], Answer]
    #: `GET /verdicts/?token=`
    search: Callable[[str], Answer]


def follow_counts(
    app: faust.App, engine: Engine, topics: PageTopics
) -> ChangelogFollower[PartitionCounts]:
    """The committed counts of the whole group; starts and stops with the app's web server.

    The engine's lag is computed with it, so it is known while a partition is suspended, too: the
    follower asks the brokers for the end of each partition.
    """
    feed = ChangelogFollower(
        topics.changelog,
        PartitionCounts.loads,
        client_kwargs=topics.client,
        source_topic=topics.accounts,
    )
    app.web.add_dependency(feed)
    engine.metrics.owned.ends = {topics.accounts: lambda: feed.source_ends}
    return feed


def attach_page(
    app: faust.App,
    engine: Engine,
    feed: ChangelogFollower[PartitionCounts],
    topics: PageTopics,
    worker: ThisWorker,
    answers: Answers,
    *,
    rules: ActiveRules,
    holds: Callable[[], Mapping[int, Hold]],
    token: str | None,
) -> WebState:
    """Serve page, counts, health and metrics from the app's web server, as `attach` says."""
    state = WebState(
        feed=feed,
        partitions=topics.partitions,
        worker=partial(member_name, app),
        app_version=worker.version,
        registry=worker.registry,
        recent=RecentVerdicts(LatestRecords(topics.verdicts, topics.client)),
        owners=partial(engine.owners, topics.accounts),
        health=worker.health,
        degraded=worker.degraded,
        explanations=Lookups(answers.explain),
        searches=Lookups(answers.search),
        rules=lambda: rules.current,
        holds=holds,
    )
    attach(app, state, token=token)
    return state
