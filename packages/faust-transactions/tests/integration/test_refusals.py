"""What a real Kafka refuses for good: one line in the log, a steady state, no rebalance."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    NewPartitions,
)
from support.copying import Copying, Start, wait_until

from tests.brokers import Kafka
from tests.topics import configure_topic, create_topic, read_topic
from tests.worker import Worker
from tools.devbroker import KafkaServer

#: Looks at the health of a worker that stands still, a tenth of a second apart.
LOOKS = 30


@contextmanager
def refused(worker: Worker, line: str) -> Iterator[None]:
    """Around what mends it: the worker says why, stays in its group and in this state."""
    error = f"the brokers refuse its transactions: {line}"
    wait_until(lambda: error in worker.log, timeout=40)
    for _ in range(LOOKS):
        health = worker.get("/health/ready")[1]
        assert (health["level"], line in health["text"]) == ("bad", True), health
        time.sleep(0.1)
    assert worker.log.count(error) == 1, "not once for each try"
    before = worker.log.count("accept its transactions again")
    yield
    wait_until(lambda: worker.log.count("accept its transactions again") > before, timeout=60)


def test_what_the_brokers_refuse_is_named_and_goes_on_once_mended(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka(properties={"auto.create.topics.enable": "false"})
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    out, rare = f"{topic_prefix}-out", f"{topic_prefix}-rare"
    copying.send_values(b"first", b"second")
    worker = copying.worker()
    copying.wait_for_all()

    configure_topic(server.bootstrap, rare, {"cleanup.policy": "compact"})
    copying.send_values(b"keyless")
    with refused(worker, f"topic {rare} takes no record without a key"):
        configure_topic(server.bootstrap, rare, {"cleanup.policy": "delete"})

    configure_topic(server.bootstrap, out, {"max.message.bytes": "200"})
    copying.send_values(b"x" * 1_000)
    with refused(worker, f"topic {out} takes no record or batch so large"):
        configure_topic(server.bootstrap, out, {"max.message.bytes": "100000"})

    sent = copying.sent.total()
    wait_until(lambda: len(copying.copies()) == sent)
    admin = AdminClient({"bootstrap.servers": server.bootstrap})
    admin.delete_topics([out])[out].result(30)
    copying.send_values(b"after")
    with refused(worker, f"topic {out} does not exist"):
        create_topic(server.bootstrap, out)

    wait_until(lambda: [copy.value for copy in copying.copies()] == [b"after"])
    assert worker.log.count("restored") == 1
    assert "rejoining the consumer group" not in worker.log
    assert worker.stop() == 0


def test_a_transactional_id_that_expired_costs_a_new_producer_and_no_rebalance(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka(
        properties={
            "transactional.id.expiration.ms": "3000",
            "transaction.remove.expired.transaction.cleanup.interval.ms": "500",
        }
    )
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(40)
    worker = copying.worker()
    copying.wait_for_all()
    deadline = time.monotonic() + 90
    while "not currently assigned to its transactional id" not in worker.log:
        assert time.monotonic() < deadline, "no id expired"
        time.sleep(6)
        copying.send_values(b"after a rest")
        copying.wait_for_all(timeout=10)
    assert "continuing with a new producer" in worker.log
    assert worker.log.count("restored") == 1
    assert "transaction aborted" not in worker.log
    assert worker.stop() == 0


def test_connections_that_nothing_uses_are_no_disturbance(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka(properties={"connections.max.idle.ms": "6000"})
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(40)
    worker = copying.worker(ENGINE_KAFKA='{"connections.max.idle.ms": 3000}')
    copying.wait_for_all()
    time.sleep(15)
    copying.send(40)
    copying.wait_for_all()
    assert "a new producer" not in worker.log
    assert worker.log.count("restored") == 1
    assert worker.stop() == 0


def test_a_session_that_is_too_short_ends_the_worker_with_the_settings_name(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
    copying.create()
    worker = copying.worker(ENGINE_SESSION="5")
    assert worker.wait(60) == 1
    assert (
        f"cannot be a member of consumer group {topic_prefix}: broker_session_timeout is 5 s: set "
        "it between the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms"
    ) in worker.log
    assert "Traceback" not in worker.log


def test_partitions_that_the_changelog_lacks_end_the_worker_with_its_name(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(40)
    worker = copying.worker()
    copying.wait_for_all()
    source = f"{topic_prefix}-in"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_partitions([NewPartitions(source, 5)])[source].result(30)
    assert worker.wait(60) == 1
    assert (
        f"cannot restore partitions: topic {topic_prefix}-sums-changelog has no partition 4: "
        "give it as many partitions as the source topic has, then restart"
    ) in worker.log
    assert "Traceback" not in worker.log
    assert {copy.partition for copy in read_topic(kafka.bootstrap, f"{topic_prefix}-out")}
