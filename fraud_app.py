"""The map of the program: topics, table, agents in the order of the flow, web, commands.

Run by ``faust -A fraud_app worker -l info``; the way of an account is drawn in README.md.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import faust
import uvloop
from prometheus_client import CollectorRegistry

import logs
from agents.fakes import FakeAccounts
from agents.judging import Judge, Judgement
from agents.metrics import AccountMetrics
from agents.producer import production
from agents.report import VerdictLog
from agents.verification import verification
from batching import Engine
from batching.metrics import EngineMetrics
from connection import faust_credentials, librdkafka
from records import PartitionCounts
from settings import Settings
from veritas import SimulatedVeritas, Veritas

VERSION = "0.1.0"

logger = logging.getLogger("fraud_app")


def create_app(settings: Settings, veritas: Veritas | None = None) -> faust.App:
    """Wire the app. Connects to nothing; another ``veritas`` may be given for a test."""
    app = faust.App(
        settings.app_id,
        broker=settings.broker.split(";"),
        broker_credentials=faust_credentials(settings),
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.heartbeat_interval,
        broker_max_poll_records=2 * settings.batch_records,
        store=settings.store,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication_factor,
        topic_allow_declare=settings.create_topics,
        # The engine ends the batches of a revoked partition itself.
        stream_wait_empty=False,
        web_bind=settings.web_host,
        # Faust's own pages would show the table's rows to anybody.
        web_tables_enabled=False,
        web_router_enabled=False,
    )
    logs.quiet_libraries()
    worker = f"{socket.gethostname()}-{id(app):x}"
    registry = CollectorRegistry()
    metrics = AccountMetrics(registry)
    verdict_log = VerdictLog()
    veritas = veritas or SimulatedVeritas(settings.approval_rate, settings.veritas_seed)

    # accounts in, one row of the table for each of their partitions
    engine = Engine(
        app,
        librdkafka(settings),
        max_records=settings.batch_records,
        max_bytes=settings.batch_bytes,
        max_partitions=settings.partitions,
        metrics=EngineMetrics(registry),
    )
    counts = engine.table("verdict_counts", PartitionCounts)
    accounts = engine.topic(settings.accounts_topic, table=counts)

    def report(judgement: Judgement) -> None:
        metrics(judgement)
        verdict_log(judgement)

    # verdicts and dead letters out
    app.agent(accounts, name="verification", concurrency=engine.concurrency)(
        verification(
            transactions=engine,
            judge=Judge(veritas, settings.token_key_bytes),
            verdicts_topic=settings.verdicts_topic,
            dead_letters_topic=settings.dead_letters_topic,
            worker=worker,
            report=report,
        )
    )
    app.timer(1.0, name="verdict_log")(_in_timer(verdict_log.flush))

    # fake accounts, so that it runs by itself; on one worker of the group
    if settings.produce_size:

        async def send(value: bytes) -> Any:
            producer = await app.maybe_start_producer()
            return await producer.send(settings.accounts_topic, None, value, None, None, None)

        app.timer(settings.produce_interval, on_leader=True, name="producer")(
            production(
                send=send,
                fakes=FakeAccounts(settings.seed),
                size=settings.produce_size,
                failed=metrics.not_sent,
            )
        )

    return app


def use_uvloop() -> None:
    """Let every event loop from here on be uvloop's; must come before Faust makes the first."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def _in_timer(call: Any) -> Any:
    async def tick() -> None:
        call()

    return tick


use_uvloop()
app = create_app(Settings.load())
