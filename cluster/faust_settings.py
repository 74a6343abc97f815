"""How Faust and the engine are set up."""

from functools import partial
from typing import Any

import logs
from cluster.clients import faust_brokers, faust_credentials
from cluster.remedy import RECONCILE_FIRST, other_topic_remedy
from cluster.startup import checking_worker, diagnose
from config import Settings


def faust_settings(settings: Settings, version: str) -> dict[str, Any]:
    """Arguments of `faust.App` beside the app's id; `version` is the one that the log names."""
    return {
        "broker": faust_brokers(settings),
        "broker_credentials": faust_credentials(settings),
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.heartbeat_interval,
        "store": settings.store,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication_factor,
        "topic_allow_declare": settings.create_topics,
        "web_bind": settings.web_host,
        # Faust's own pages would show the table's rows to anybody.
        "web_tables_enabled": False,
        "web_router_enabled": False,
        "web_stats_enabled": False,
        "web_graph_enabled": False,
        "web_metrics_enabled": False,
        "Worker": checking_worker(settings, version),
        "logging_config": logs.logging_config(settings.log_format),
    }


def engine_settings(settings: Settings) -> dict[str, Any]:
    """Arguments of `faust_transactions.Engine` except the app, its Kafka options and metrics."""
    return {
        "max_records": settings.batch_records,
        "max_bytes": settings.batch_bytes,
        "max_partitions": settings.partitions,
        "setting_names": {"broker_session_timeout": "FRAUD_SESSION_TIMEOUT"},
        "choices": f"{other_topic_remedy()}; {RECONCILE_FIRST}",
        "diagnose": partial(diagnose, settings),
    }
