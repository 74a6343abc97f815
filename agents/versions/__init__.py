"""Follows published rule sets. Announces the active rule version on `<app>-workers`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import faust
from faust_transactions import TopicReader
from prometheus_client import CollectorRegistry

from agents.topics.writer import LatestWriter, write_to
from agents.versions.announcer import RuleAnnouncer
from agents.versions.follower import RuleFollower
from agents.versions.metrics import RuleMetrics
from rules.versions.active import ActiveRules

__all__ = ["RuleAnnouncer", "RuleFollower", "RuleMetrics", "follow_versions"]


def follow_versions(
    app: faust.App,
    active: ActiveRules,
    registry: CollectorRegistry,
    *,
    rules_topic: str,
    workers_topic: str,
    worker: Callable[[], str],
    client: Mapping[str, Any],
) -> RuleFollower:
    """Keep ``active`` what the rules topic says for as long as the app runs.

    ``worker`` gives this worker's name, ``client`` the aiokafka options of a consumer.
    """
    follower = RuleFollower(rules_topic, active, partial(TopicReader, rules_topic, client))
    writer = LatestWriter(workers_topic, write_to(app, workers_topic))
    announcer = RuleAnnouncer(follower, active, worker, writer)
    RuleMetrics(registry, active, follower)
    app.add_dependency(follower)
    app.task(writer.run)
    app.on_before_shutdown.connect(announcer.withdraw, weak=False)
    return follower
