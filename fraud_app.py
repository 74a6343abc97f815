"""The map of the program: topics, table, agents in the order of the flow, web, commands.

Run by ``faust -A fraud_app worker -l info``; README.md draws the flow of an account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import faust
import uvloop
from faust_transactions import ChangelogFollower, Engine, EngineMetrics, member_name, tune_gc
from prometheus_client import CollectorRegistry, disable_created_metrics
from pydantic import SecretStr

import cli
import logs
import web
from agents.degraded import Bounds, Degradation
from agents.fakes import FakeAccounts
from agents.judging import Judge
from agents.limit import InvalidLimit, PartitionControl, follow_control
from agents.metrics import AccountMetrics
from agents.producer import produce_fakes
from agents.report import VerdictLog
from agents.token_keys import TokenKeys
from agents.verification import verification
from agents.versions import RuleFollower, follow_versions
from cluster.clients import aiokafka_kwargs, librdkafka
from cluster.faust_settings import engine_settings, faust_settings
from cluster.single import control_topic, workers_topic
from config import Settings, SettingsError
from config.internal_topics import COUNTS_TABLE
from lookup.explain.answers import explain_answers
from lookup.newest import newest_answers
from records import PartitionCounts
from rules.versions.active import ActiveRules, builtin
from veritas import SimulatedVeritas, Veritas
from veritas.service import http_service

VERSION = "0.2.0"


def create_app(
    settings: Settings | None = None,
    veritas: Veritas | None = None,
    *,
    account_metrics: AccountMetrics | None = None,
    engine_metrics: EngineMetrics | None = None,
) -> faust.App:
    """Wire the app; connects to nothing. Without arguments as the environment says."""
    settings = settings or Settings.load()
    app = faust.App(settings.app_id, **faust_settings(settings, VERSION))
    registry = CollectorRegistry()
    metrics = account_metrics or AccountMetrics(registry)
    veritas = veritas or verification_service(settings, registry)

    # accounts in; the table has one row for each of their partitions
    engine_metrics = engine_metrics or EngineMetrics(registry)
    engine = Engine(app, librdkafka(settings), metrics=engine_metrics, **engine_settings(settings))
    counts = engine.table(COUNTS_TABLE, PartitionCounts)
    outputs = (settings.verdicts_topic, settings.dead_letters_topic)
    accounts = engine.topic(settings.accounts_topic, table=counts, outputs=outputs)

    # fake accounts, so that it runs by itself; one worker of the group makes them
    if settings.produce_size:
        fakes = produce_fakes(
            app, settings.accounts_topic, settings.seed, settings.produce_size, metrics.not_sent
        )
        app.timer(settings.produce_interval, on_leader=True, name="producer")(fakes)

    # what accounts are judged by: the rule set that was published last
    worker, client = partial(member_name, app), aiokafka_kwargs(settings)
    rules = ActiveRules(builtin())
    rules.follow(metrics.follow)
    versions = follow_versions(
        app,
        rules,
        registry,
        rules_topic=settings.rules_topic,
        workers_topic=workers_topic(settings),
        worker=worker,
        client=client,
    )

    # a partition with too many dead letters is held, until an operator lets it go on
    control = follow_control(app, control_topic(settings), worker=worker, client=client)
    limit = InvalidLimit(settings.max_invalid_ratio, registry, control)

    # verdicts and dead letters out
    verdict_log = VerdictLog()
    judge = Judge(veritas, rules, settings.token_key_bytes)
    verify_accounts = verification(
        transactions=engine,
        limit=limit,
        judge=judge,
        rules_ready=versions.wait_ready,
        verdicts_topic=settings.verdicts_topic,
        dead_letters_topic=settings.dead_letters_topic,
        worker=worker,
        reports=(metrics, verdict_log),
    )
    app.agent(accounts, name="verification", concurrency=engine.concurrency)(verify_accounts)
    app.timer(1.0, name="verdict_log")(verdict_log.tick)
    app.task(veritas.start)
    app.task(tune_gc)
    app.on_before_shutdown.connect(lambda *_, **__: veritas.close(), weak=False)

    # the page, health and metrics
    topics = page_topics(settings, counts.changelog_topic_name, client)
    feed = web.follow_counts(app, engine, topics)
    token_keys = TokenKeys(judge.key_id, feed, registry)
    app.timer(1.0, name="token_keys")(token_keys.tick)
    degradation = degradation_of(engine_metrics, veritas, settings, registry)
    parts = Parts(engine, limit, control, rules, versions, veritas, token_keys, degradation)
    page = attach_page(app, settings, parts, feed, topics, registry)
    degradation.watch(app, lambda: page.not_ready_reason)

    cli.attach(app, settings, FakeAccounts, VERSION)
    return app


def verification_service(settings: Settings, registry: CollectorRegistry) -> Veritas:
    """The service at FRAUD_VERITAS_URL, or else its stand-in."""
    if settings.veritas_url is None:
        return SimulatedVeritas(settings.approval_rate, settings.veritas_seed)
    return http_service(
        settings.veritas_url,
        registry,
        token=secret(settings.veritas_token),
        timeout=settings.veritas_timeout,
        connect_timeout=settings.veritas_connect_timeout,
        concurrency=settings.veritas_concurrency,
        attempts=settings.veritas_attempts,
        rejected_in_a_row=settings.veritas_rejected_in_a_row,
        key=settings.token_key_bytes,
        send_card=settings.veritas_send_card,
    )


@dataclass(frozen=True)
class Parts:
    """The parts of the worker that the page reports on."""

    engine: Engine
    limit: InvalidLimit
    control: PartitionControl
    rules: ActiveRules
    versions: RuleFollower
    veritas: Veritas
    token_keys: TokenKeys
    degradation: Degradation


def health_lines(parts: Parts) -> Mapping[str, Sequence[web.HealthSource]]:
    """Line of the page -> the parts whose health it shows, as in `web.WebState`."""
    degraded = parts.degradation.line
    return {
        "engine": [parts.engine, parts.limit, parts.control, degraded("lag", "latency")],
        "rules": [parts.versions],
        "provider": [parts.veritas, degraded("veritas_failures", "veritas_latency")],
        "tokens": [parts.token_keys],
    }


def degradation_of(
    metrics: EngineMetrics, veritas: Veritas, settings: Settings, registry: CollectorRegistry
) -> Degradation:
    """Monitor of whether the worker is degraded: what it observes, and its bounds."""
    bounds = Bounds(
        lag=settings.degraded_lag,
        latency=settings.degraded_latency,
        veritas_failures=settings.degraded_veritas_failures,
        veritas_latency=settings.degraded_veritas_latency,
    )
    return Degradation(
        bounds,
        progress=metrics.owned.progress,
        latency=lambda: metrics.latency.counts,
        calls=lambda: veritas.recent_calls,
        registry=registry,
    )


def page_topics(settings: Settings, changelog: str, client: Mapping[str, Any]) -> web.PageTopics:
    """The topics that the page shows, and how to read them."""
    return web.PageTopics(
        accounts=settings.accounts_topic,
        verdicts=settings.verdicts_topic,
        changelog=changelog,
        partitions=settings.partitions,
        client=client,
    )


def attach_page(
    app: faust.App,
    settings: Settings,
    parts: Parts,
    feed: ChangelogFollower[PartitionCounts],
    topics: web.PageTopics,
    registry: CollectorRegistry,
) -> web.WebState:
    """Serve page, health and metrics from the app's web server."""
    worker = web.ThisWorker(
        VERSION, registry, health_lines(parts), lambda: parts.degradation.reasons
    )
    answers = web.Answers(
        explain=explain_answers(settings, lambda: app.should_stop),
        search=newest_answers(settings, lambda: app.should_stop),
    )
    return web.attach_page(
        app,
        parts.engine,
        feed,
        topics,
        worker,
        answers,
        rules=parts.rules,
        holds=lambda: parts.control.holds,
        token=secret(settings.web_token),
    )


def secret(value: SecretStr | None) -> str | None:
    """The text of a secret setting."""
    return value.get_secret_value() if value else None


# First of all, as whatever is opened next would take the place of a closed standard stream.
logs.open_standard_streams()
# Prometheus makes nothing of them, and they double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]
# Before Faust makes the first event loop.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
try:
    app = create_app()
except SettingsError as exc:
    raise SystemExit(logs.format_fatal(f"fraud_app: {exc}")) from None
