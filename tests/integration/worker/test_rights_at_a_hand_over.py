"""A hand-over where Kafka checks rights: both workers may do what docs/kafka.md says, no more."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from faust.types import TP
from faust_transactions.kafka.hanging import OpenTransactions

from cluster import changelog_topic
from cluster.clients import librdkafka
from config import Settings
from tests.integration.stream.test_stream import total, wait_for
from tests.integration.worker import rights
from tests.integration.worker.test_secure_kafka import (
    CHECKS_RIGHTS,
    LOGIN,
    PASSWORD,
    environment,
    faust,
)
from tests.integration.worker.test_startup import named
from tests.worker import Worker
from tools.devbroker import KafkaServer

#: Of one `produce`: enough for some transactions.
ACCOUNTS = 20_000


def kill_in_a_transaction(worker: Worker, rows: OpenTransactions, partitions: list[TP]) -> None:
    """kill -9 while rows that it has sent are not committed."""
    deadline = time.monotonic() + 180
    while True:
        assert time.monotonic() < deadline, "no transaction was seen"
        if rows.since(partitions):
            worker.pause()
            time.sleep(0.5)  # a commit that it had sent before is carried out
            if rows.since(partitions):
                worker.kill()
                return
            worker.cont()


def keep_producing(worker: Worker, stop: Event) -> int:
    """Give the worker accounts until `stop`: each transaction is another chance to be seen."""
    sent = 0
    while not stop.is_set():
        done = faust(worker, "produce", str(ACCOUNTS))
        assert done.returncode == 0, done.stdout + done.stderr
        sent += ACCOUNTS
    return sent


@pytest.fixture
def settings(own_kafka: Callable[..., KafkaServer], topic_prefix: str) -> Settings:
    """Of a user that may do what a worker and an operator need."""
    server = own_kafka(
        protocols=["SASL_PLAINTEXT"], users={"fraud": PASSWORD}, properties=CHECKS_RIGHTS
    )
    made = named(
        topic_prefix,
        f"kafka://{server.bootstrap_of('SASL_PLAINTEXT')}",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="SCRAM-SHA-256",
        session_timeout=6.0,
        partitions=16,
        **LOGIN,
    )
    for given in (rights.of_a_worker(made), rights.of_an_operator(made)):
        rights.grant(server.bootstrap, "fraud", given)
    return made


def test_a_worker_that_is_killed_in_a_transaction_is_fenced_by_one_with_the_same_rights(
    settings: Settings, start_worker: Callable[..., Worker]
) -> None:
    rows = OpenTransactions(librdkafka(settings))
    partitions = [TP(changelog_topic(settings), number) for number in range(settings.partitions)]
    killed = start_worker(environment(settings))
    killed.wait_ready()
    stop = Event()
    with ThreadPoolExecutor() as threads:
        producing = threads.submit(keep_producing, killed, stop)
        try:
            kill_in_a_transaction(killed, rows, partitions)
        finally:
            stop.set()
        sent = producing.result()
    successor = start_worker(environment(settings))
    successor.wait_ready()
    assert "which has left the group" in successor.log
    wait_for(lambda: total(successor), sent)
    assert not rows.since(partitions)
    rows.close()
    proof = faust(successor, "reconcile")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert successor.rebalances == 1
    assert successor.stop() == 0
    assert "no right" not in successor.log
