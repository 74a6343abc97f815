"""A stream that grows from 4 partitions to 8, with accounts before, meanwhile and after."""

import json
import re
from collections.abc import Callable, Iterable

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    NewPartitions,
)

from tests.brokers import Kafka
from tests.integration.stream.test_stream import ARTICLE, Stream, total, wait_for
from tests.topics import produce
from tests.worker import Worker

EIGHT = {"FRAUD_PARTITIONS": "8"}


def alter(stream: Stream, topics: Iterable[str]) -> None:
    admin = AdminClient({"bootstrap.servers": stream.bootstrap})
    for topic in topics:
        admin.create_partitions([NewPartitions(topic, 8)])[topic].result(30)


def left_to_alter(worker: Worker) -> list[str]:
    """The topics for which the worker's last line has a command."""
    [line] = [line for line in worker.log.splitlines() if "stop all workers, add" in line][-1:]
    return re.findall(r"--alter --topic (\S+) --partitions 8", line)


def send(stream: Stream, partitions: Iterable[int]) -> None:
    for partition in partitions:
        produce(stream.bootstrap, stream.accounts, [ARTICLE] * 50, partition=partition)


def proven(stream: Stream, accounts: int) -> bool:
    stream.env |= EIGHT
    proof = json.loads(stream.run("reconcile", "--json").stdout)
    return bool(proof["proven"]) and (proof["verdicts"], proof["pending"]) == (accounts, 0)


def test_topics_are_altered_in_the_order_of_the_line_and_every_account_is_judged_once(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    running = stream.worker()
    running.wait_ready()
    send(stream, range(4))
    wait_for(lambda: total(running), 200)
    refused = stream.worker(**EIGHT)
    assert refused.wait(30) == 1
    topics = left_to_alter(refused)
    others = [stream.verdicts, stream.dead, f"{topic_prefix}-verdict_counts-changelog"]
    assert topics == [*sorted(others), stream.accounts]
    # The accounts come last, so that the worker that still runs can take the new partitions.
    alter(stream, topics)
    send(stream, range(8))
    wait_for(lambda: total(running), 600)
    assert running.stop() == 0
    send(stream, range(8))
    grown = stream.worker(**EIGHT)
    grown.wait_ready()
    wait_for(lambda: total(grown), 1_000)
    assert len(grown.get("/verdicts/")[1]["partitions"]) == 8
    assert proven(stream, 1_000)


def test_a_worker_whose_accounts_alone_were_altered_ends_and_says_what_is_left(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    running = stream.worker()
    running.wait_ready()
    send(stream, range(4))
    wait_for(lambda: total(running), 200)
    alter(stream, [stream.accounts])
    send(stream, range(8))
    assert running.wait(60) == 1
    others = [stream.verdicts, stream.dead, f"{topic_prefix}-verdict_counts-changelog"]
    assert left_to_alter(running) == sorted(others)
    assert "set FRAUD_PARTITIONS=8" in running.log
    alter(stream, left_to_alter(running))
    grown = stream.worker(**EIGHT)
    grown.wait_ready()
    wait_for(lambda: total(grown), 600)
    assert proven(stream, 600)
