"""A bad deployment on a real Kafka: its partition is held, and an operator lets it go on."""

from collections.abc import Callable

from tests.brokers import Kafka
from tests.integration.stream.test_stream import ARTICLE, Stream, total, wait_for
from tests.topics import produce, read_topic
from tests.worker import Worker

BAD = 700


def dead_letters(worker: Worker) -> int:
    return int(worker.get("/verdicts/")[1]["dead_letters"])


def reason(worker: Worker) -> str:
    """Why the worker is not ready; empty when it is, or does not answer yet."""
    try:
        return str(worker.get("/health/ready")[1].get("reason", ""))
    except OSError:
        return ""


def is_held(worker: Worker) -> bool:
    return reason(worker) == "partition 1 is held: 501 of its last 1,000 records are dead letters"


def test_a_bad_deployment_holds_its_partition_until_an_operator_lets_it_go_on(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    worker = stream.worker(FRAUD_BATCH_RECORDS="200")
    worker.wait_ready()
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 100, partition=1)
    wait_for(lambda: total(worker), 100)

    produce(stream.bootstrap, stream.accounts, [b"another format"] * BAD, partition=1)
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 50, partition=1)
    wait_for(lambda: is_held(worker), True)
    assert worker.get("/health/ready")[0] == 503
    passed = len(read_topic(stream.bootstrap, stream.dead))
    assert 0 < passed <= 500
    # The other partitions go on, and the group is as it was.
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 300, partition=2)
    wait_for(lambda: total(worker), 400)
    assert is_held(worker)
    metrics = worker.get("/metrics")[1]
    assert 'fraud_partition_held{partition="1"} 1.0' in metrics
    assert 'fraud_partition_held{partition="2"} 0.0' in metrics
    assert worker.rebalances == 1
    [told] = [line for line in worker.log.splitlines() if "is held at offset" in line]
    assert "[ERROR]" in told
    assert f"{stream.accounts}-1 is held at offset 600:" in told
    assert "not_json" in told
    assert worker.stop() == 0

    # A supervisor's loop lets no more of it pass.
    worker.start()
    wait_for(lambda: is_held(worker), True)
    assert len(read_topic(stream.bootstrap, stream.dead)) == passed
    assert dead_letters(worker) == passed
    assert total(worker) == 400
    assert worker.stop() == 0

    operated = stream.worker(FRAUD_MAX_INVALID_RATIO="1.0")
    operated.wait_ready()
    wait_for(lambda: (dead_letters(operated), total(operated)), (BAD, 450))
    assert stream.run("reconcile").returncode == 0
    assert operated.stop() == 0
