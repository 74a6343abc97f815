"""The Worker helper itself, with an app that has nothing to do with accounts."""

import time
from collections.abc import Callable

import pytest

from tests.brokers import Kafka
from tests.topics import create_topic, produce, read_topic
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker

StartWorker = Callable[..., Worker]
TINY = "tests.integration.brokers.tiny_app"


def tiny(start_worker: StartWorker, url: str, app_id: str) -> Worker:
    worker = start_worker({"TINY_BROKER": url, "TINY_APP_ID": app_id}, app=TINY)
    worker.wait_ready()
    return worker


def doubles(bootstrap: str, app_id: str, expected: int) -> list[bytes | None]:
    """The app's output as soon as it has `expected` records."""
    for _ in range(100):
        found = [record.value for record in read_topic(bootstrap, f"{app_id}-out")]
        if len(found) >= expected:
            return sorted(found, key=lambda value: int(value or b""))
        time.sleep(0.1)
    raise AssertionError(f"{expected} records expected, {found} found")


def test_it_works_becomes_ready_and_stops_with_zero(
    start_worker: StartWorker, kafka: Kafka, topic_prefix: str
) -> None:
    for name in ("in", "out"):
        create_topic(kafka.bootstrap, f"{topic_prefix}-{name}", 2)
    worker = tiny(start_worker, kafka.url, topic_prefix)
    assert worker.get("/health/ready") == (200, {"ready": True})
    produce(kafka.bootstrap, f"{topic_prefix}-in", [b"1", b"2", b"3"])
    assert doubles(kafka.bootstrap, topic_prefix, 3) == [b"2", b"4", b"6"]
    assert worker.stop() == 0
    assert not worker.is_running


def test_it_runs_on_the_embedded_broker(
    start_worker: StartWorker, embedded_broker: EmbeddedBroker, topic_prefix: str
) -> None:
    produce(embedded_broker.address, f"{topic_prefix}-in", [b"21"])
    tiny(start_worker, embedded_broker.url, topic_prefix)
    produce(embedded_broker.address, f"{topic_prefix}-in", [b"4"])
    assert doubles(embedded_broker.address, topic_prefix, 2) == [b"8", b"42"]


def test_a_paused_worker_is_silent_until_it_goes_on(
    start_worker: StartWorker, embedded_broker: EmbeddedBroker, topic_prefix: str
) -> None:
    produce(embedded_broker.address, f"{topic_prefix}-in", [b"1"])
    worker = tiny(start_worker, embedded_broker.url, topic_prefix)
    worker.pause()
    with pytest.raises(OSError, match="timed out"):
        worker.get("/health/ready", timeout=1)
    worker.cont()
    worker.wait_ready()
    worker.kill()
    assert worker.process.returncode == -9


def test_a_worker_that_cannot_start_is_reported_with_its_log(start_worker: StartWorker) -> None:
    worker = start_worker({}, app="no_such_app")
    with pytest.raises(AssertionError, match="no_such_app"):
        worker.wait_ready(timeout=30)
