"""Metrics of the worker as a whole: versions, readiness, process."""

import platform
from importlib.metadata import version

from confluent_kafka import libversion
from prometheus_client import Gauge, Info, ProcessCollector

from web.live.state import WebState

__all__ = ["worker_metrics"]


def worker_metrics(state: WebState) -> None:
    """Register them with the state's registry; they are computed at each scrape."""
    Info("fraud_build", "Versions that this worker runs.", registry=state.registry).info(
        {
            "version": state.app_version,
            "python": platform.python_version(),
            "faust": version("faust-streaming"),
            "aiokafka": version("aiokafka"),
            "librdkafka": libversion()[0],
        }
    )
    Gauge(
        "fraud_partitions",
        "Partitions of the accounts topic, of all workers.",
        registry=state.registry,
    ).set(state.partitions)
    Gauge(
        "fraud_worker_ready",
        "1 while /health/ready answers 200, else 0.",
        registry=state.registry,
    ).set_function(lambda: state.not_ready_reason is None)
    Gauge(
        "fraud_broker_connected",
        "1 while the brokers answer this worker's follower of the counts, else 0.",
        registry=state.registry,
    ).set_function(lambda: state.feed.connected)
    ProcessCollector(registry=state.registry)
