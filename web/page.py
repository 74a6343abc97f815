"""Builds what the pages show of an app, its engine and the counts of the group, and attaches it."""

from collections.abc import Callable, Mapping, Sequence
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


def follow_counts(
    app: faust.App, engine: Engine, changelog: str, accounts_topic: str, client: Mapping[str, Any]
) -> ChangelogFollower[PartitionCounts]:
    """The committed counts of the whole group; starts and stops with the app's web server.

    The engine's lag is computed with it, so it is known while a partition is suspended, too: the
    follower asks the brokers for the end of each partition.
    """
    feed = ChangelogFollower(
        changelog, PartitionCounts.loads, client_kwargs=client, source_topic=accounts_topic
    )
    app.web.add_dependency(feed)
    engine.metrics.owned.ends = {accounts_topic: lambda: feed.source_ends}
    return feed


def attach_page(
    app: faust.App,
    engine: Engine,
    feed: ChangelogFollower[PartitionCounts],
    *,
    accounts_topic: str,
    verdicts_topic: str,
    partitions: int,
    client: Mapping[str, Any],
    health: Mapping[str, Sequence[HealthSource]],
    degraded: Callable[[], Mapping[str, str]],
    registry: CollectorRegistry,
    version: str,
    token: str | None,
    explain: Callable[[str], Answer],
    search: Callable[[str], Answer],
    rules: ActiveRules,
    holds: Callable[[], Mapping[int, Hold]],
) -> WebState:
    """Serve page, counts, health and metrics from the app's web server, as `attach` says.

    `client`: the aiokafka options of the consumer of verdicts; `health` and `degraded` as in
    `WebState`; `explain` answers `GET /verdicts/ID` and `search` `GET /verdicts/?token=`, and both
    may block.
    """
    state = WebState(
        feed=feed,
        partitions=partitions,
        worker=partial(member_name, app),
        app_version=version,
        registry=registry,
        recent=RecentVerdicts(LatestRecords(verdicts_topic, client)),
        owners=partial(engine.owners, accounts_topic),
        health=health,
        degraded=degraded,
        explanations=Lookups(explain),
        searches=Lookups(search),
        rules=lambda: rules.current,
        holds=holds,
    )
    attach(app, state, token=token)
    return state
