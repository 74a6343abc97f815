"""A writer goes on with a new producer: after its coordinator went, or after it slept."""

import time
from collections.abc import Callable
from typing import Any

import faust
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from faust.types import TP
from faust_transactions import Engine
from faust_transactions.commit.client import group_metadata
from faust_transactions.commit.part import Part
from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.errors import Fenced
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.restore.restorer import TaskRestorer
from prometheus_client import CollectorRegistry
from support.copying import Copying, Start
from support.engine_app import Sums
from support.group import nobody
from support.two_brokers import FIRST, SECOND, create_on, second_broker

from tests.brokers import Kafka
from tests.topics import create_topic
from tools.devbroker import KafkaServer

COMPACTED = {"cleanup.policy": "compact"}


def wait_for_coordinator(conf: dict[str, Any], source: TP) -> None:
    """Ask for the group as its member does: librdkafka's producer waits for ever if nobody does."""
    member = Consumer(conf)
    deadline = time.monotonic() + 60
    while True:
        try:
            member.committed([TopicPartition(source.topic, source.partition)], 30)
            break
        except KafkaException:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    member.close()


def test_a_coordinator_that_is_started_anew_costs_no_rebalance(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    first = own_kafka()
    coordinator = second_broker(own_kafka, first)
    create_on(SECOND, first.bootstrap, "__consumer_offsets", COMPACTED)
    create_on(FIRST, first.bootstrap, "__transaction_state", COMPACTED)
    copying = Copying(first.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(200)
    worker = copying.worker()
    copying.wait_for_all()
    # In order: librdkafka tells of no error then.
    coordinator.stop()
    coordinator.start()
    copying.send(200)
    copying.wait_for_all()
    assert "a new producer" in worker.log
    assert "rejoining the consumer group" not in worker.log
    assert worker.stop() == 0


def test_a_writer_that_slept_while_another_committed_learns_it_from_the_row(
    kafka: Kafka, topic_prefix: str
) -> None:
    conf = {"bootstrap.servers": kafka.bootstrap}
    app = faust.App(topic_prefix, broker=kafka.url)
    engine = Engine(app, conf, metrics=EngineMetrics(CollectorRegistry()))
    source = TP(f"{topic_prefix}-in", 0)
    table = engine.table("sums", Sums)
    rows = table.changelog_topic_name
    for topic in (source.topic, rows):
        create_topic(kafka.bootstrap, topic, 1)
    restorer = TaskRestorer(app, conf, {source.topic: table}, {}, nobody)
    wait_for_coordinator(conf | {"group.id": topic_prefix}, source)
    group = group_metadata(topic_prefix, -1, "")  # of no generation, which is not checked

    def commit(writer: TransactionalWriter, position: int) -> None:
        row = Sums(next_offset=position).dumps(serializer="json")
        part = Part(source, position, (rows, 0, b"0", row, None), [])
        writer.write([part], group, lambda _parts: None)

    sleeper = TransactionalWriter(conf, f"{topic_prefix}-0")
    sleeper.fence()
    commit(sleeper, 5)
    sleeper.renew()
    assert restorer.changed({source: Sums(next_offset=5)}) == {}
    commit(sleeper, 6)

    owner = TransactionalWriter(conf, f"{topic_prefix}-0")
    owner.fence()
    commit(owner, 7)
    sleeper.renew()
    changed = restorer.changed({source: Sums(next_offset=6)})
    assert str(changed[source]) == "committed up to 6, but the row says 7"
    with pytest.raises(Fenced):
        commit(owner, 8)
    sleeper.close()
