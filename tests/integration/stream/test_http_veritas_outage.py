"""The verification service goes away in the middle of a stream on a real Kafka, and comes back."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.brokers import Kafka
from tests.integration.service import Service
from tests.integration.stream.test_stream import Stream, total, wait_for
from tests.worker import Worker

ACCOUNTS = 6_000


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    # The latency makes the stream last long enough for an outage in its middle.
    service.start("--latency", "0.1")
    yield service
    service.kill()


def test_an_outage_loses_nothing_and_moves_no_partition(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker], service: Service
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    env = {
        "FRAUD_BATCH_RECORDS": "200",
        "FRAUD_VERITAS_URL": service.url,
        # Shorter than the outage, to see that heartbeats go on, and that a worker whose partitions
        # all wait is not taken for one that hangs.
        "FRAUD_SESSION_TIMEOUT": "6",
        "FRAUD_HEARTBEAT_INTERVAL": "1",
        "BROKER_MAX_POLL_INTERVAL": "5",
    }
    worker, other = stream.worker(**env), stream.worker(**env)
    wait_for(lambda: tasks(worker) + tasks(other), [2, 2])
    assert stream.run("produce", str(ACCOUNTS), "--seed", "1").returncode == 0
    wait_for(lambda: total(worker) > 0, True)
    before = [worker.rebalances, other.rebalances]

    assert service.stop() == 0
    wait_for(lambda: worker.get("/health/ready")[0], 503)
    assert "the verification service is unavailable" in str(worker.get("/health/ready")[1])
    time.sleep(1)
    judged = total(worker)
    assert 0 < judged < ACCOUNTS
    time.sleep(8)
    assert total(worker) == judged, "judged by guessing"
    assert worker.get("/health/ready")[0] == 503

    service.start()
    wait_for(lambda: worker.get("/health/ready")[0], 200)
    wait_for(lambda: total(worker), ACCOUNTS)
    assert worker.get("/verdicts/")[1]["dead_letters"] == 0
    assert [worker.rebalances, other.rebalances] == before
    proof = stream.run("reconcile")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert worker.stop() == other.stop() == 0


def tasks(worker: Worker) -> list[int]:
    """How many partitions it owns; empty while it does not answer."""
    try:
        return [int(worker.metric("faust_transactions_partitions"))]
    except OSError:
        return []
