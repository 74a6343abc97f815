"""The map of the program: topics, table, agents in the order of the flow, web, commands.

Run by ``faust -A fraud_app worker -l info``; README.md draws the flow of an account.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import faust
import uvloop
from faust_transactions import (
    ChangelogFollower,
    Engine,
    EngineMetrics,
    LatestRecords,
    member_name,
    tune_gc,
)
from prometheus_client import CollectorRegistry, disable_created_metrics

import cli
import logs
import web
from agents.fakes import FakeAccounts
from agents.judging import Judge, Judgement
from agents.limit import InvalidLimit
from agents.metrics import AccountMetrics
from agents.producer import production
from agents.report import VerdictLog
from agents.verification import verification
from cluster.clients import aiokafka_kwargs, faust_brokers, faust_credentials, librdkafka
from cluster.startup import checking_worker
from config import Settings, SettingsError
from records import PartitionCounts
from veritas import SimulatedVeritas, Veritas
from veritas.http import HttpVeritas

VERSION = "0.1.0"


def create_app(
    settings: Settings | None = None,
    veritas: Veritas | None = None,
    *,
    account_metrics: AccountMetrics | None = None,
    engine_metrics: EngineMetrics | None = None,
) -> faust.App:
    """Wire the app; connects to nothing. Without arguments as the environment says."""
    settings = settings or Settings.load()
    app = faust.App(settings.app_id, **faust_settings(settings))
    worker = partial(member_name, app)
    registry = CollectorRegistry()
    metrics = account_metrics or AccountMetrics(registry)
    verdict_log = VerdictLog()
    veritas = veritas or verification_service(settings, registry)

    # accounts in; the table has one row for each of their partitions
    engine = Engine(
        app,
        librdkafka(settings),
        max_records=settings.batch_records,
        max_bytes=settings.batch_bytes,
        max_partitions=settings.partitions,
        setting_names={"broker_session_timeout": "FRAUD_SESSION_TIMEOUT"},
        metrics=engine_metrics or EngineMetrics(registry),
    )
    counts = engine.table("verdict_counts", PartitionCounts)
    outputs = (settings.verdicts_topic, settings.dead_letters_topic)
    accounts = engine.topic(settings.accounts_topic, table=counts, outputs=outputs)

    # fake accounts, so that it runs by itself; one worker of the group makes them
    if settings.produce_size:
        make_accounts = production(
            send=sender(app, settings.accounts_topic),
            fakes=FakeAccounts(settings.seed),
            size=settings.produce_size,
            failed=metrics.not_sent,
        )
        app.timer(settings.produce_interval, on_leader=True, name="producer")(make_accounts)

    # verdicts and dead letters out
    def report(judgement: Judgement) -> None:
        metrics(judgement)
        verdict_log(judgement)

    limit = InvalidLimit(settings.max_invalid_ratio, registry)
    verify_accounts = verification(
        transactions=engine,
        limit=limit,
        judge=Judge(veritas, settings.token_key_bytes),
        verdicts_topic=settings.verdicts_topic,
        dead_letters_topic=settings.dead_letters_topic,
        worker=worker,
        report=report,
    )
    app.agent(accounts, name="verification", concurrency=engine.concurrency)(verify_accounts)
    app.timer(1.0, name="verdict_log")(verdict_log.tick)
    app.task(veritas.start)
    app.task(tune_gc)
    app.on_before_shutdown.connect(lambda *_, **__: veritas.close(), weak=False)

    # what people and machines see of it
    clients = aiokafka_kwargs(settings)
    feed = ChangelogFollower(
        counts.changelog_topic_name,
        PartitionCounts.loads,
        client_kwargs=clients,
        source_topic=settings.accounts_topic,
    )
    app.web.add_dependency(feed)
    # What the group has left to do is asked of the brokers, also while a partition stands still.
    engine.metrics.owned.ends = {settings.accounts_topic: lambda: feed.source_ends}
    recent = web.RecentVerdicts(LatestRecords(settings.verdicts_topic, clients))
    over_http = veritas if isinstance(veritas, HttpVeritas) else None
    state = web.WebState(
        feed,
        settings.partitions,
        worker,
        VERSION,
        registry,
        recent,
        lambda: (
            engine.not_ready_reason
            or engine.persistent_failure
            or limit.not_ready_reason
            or (over_http.not_ready_reason if over_http else None)
        ),
        owners=lambda: engine.owners(settings.accounts_topic),
        engine=lambda: web.Health.worst(engine.health, limit.health),
        provider=lambda: web.Health(*(over_http.health if over_http else ("ok", "simulated"))),
    )
    token = settings.web_token
    web.attach(app, state, token=token.get_secret_value() if token else None)
    cli.attach(app, settings, FakeAccounts)
    return app


def verification_service(settings: Settings, registry: CollectorRegistry) -> Veritas:
    """The one over HTTP where there is a URL, else the simulated one."""
    if settings.veritas_url is None:
        return SimulatedVeritas(settings.approval_rate, settings.veritas_seed)
    token = settings.veritas_token
    return HttpVeritas(
        settings.veritas_url,
        token=token.get_secret_value() if token else None,
        key=settings.token_key_bytes,
        send_card=settings.veritas_send_card,
        timeout=settings.veritas_timeout,
        connect_timeout=settings.veritas_connect_timeout,
        concurrency=settings.veritas_concurrency,
        attempts=settings.veritas_attempts,
        believed=settings.veritas_rejected_in_a_row,
        registry=registry,
    )


def faust_settings(settings: Settings) -> dict[str, Any]:
    """How Faust itself is set up."""
    return {
        "broker": faust_brokers(settings),
        "broker_credentials": faust_credentials(settings),
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.heartbeat_interval,
        "broker_request_timeout": max(90.0, settings.session_timeout),
        "broker_max_poll_records": 2 * settings.batch_records,
        "store": settings.store,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication_factor,
        "topic_allow_declare": settings.create_topics,
        # The engine ends the batches of a revoked partition itself.
        "stream_wait_empty": False,
        "web_bind": settings.web_host,
        # Faust's own pages would show the table's rows to anybody.
        "web_tables_enabled": False,
        "web_router_enabled": False,
        "web_stats_enabled": False,
        "web_graph_enabled": False,
        "web_metrics_enabled": False,
        "Worker": checking_worker(settings, VERSION),
        "logging_config": logs.logging_config(settings.log_format),
    }


def sender(app: faust.App, topic: str) -> Any:
    """Send a value past Faust's topics: those would log it, card and all, at debug level."""

    async def send(value: bytes) -> Any:
        producer = await app.maybe_start_producer()
        return await producer.send(topic, None, value, None, None, None)

    return send


# Prometheus makes nothing of them, and they double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]
# Before Faust makes the first event loop.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
try:
    app = create_app()
except SettingsError as exc:
    raise SystemExit(logs.format_fatal(f"fraud_app: {exc}")) from None
