"""`rebuild-rows` on a real Kafka: what it refuses, and the changelog that it makes."""

import time

import pytest
from confluent_kafka import Consumer

from cli.rebuild.rebuilding import Rebuilt, rebuild, write_rows
from cli.support.errors import CommandError
from cluster import changelog_topic, committed_rows
from cluster.startup import check
from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, verdict
from tests.integration.stream.test_stream import ARTICLE
from tests.topics import delete_topic, produce, topic_config


def found(settings: Settings) -> Rebuilt:
    rebuilt = rebuild(settings)
    assert rebuilt is not None
    return rebuilt


@pytest.fixture
def judged(kafka: Kafka, settings: Settings, stream: StreamByHand) -> StreamByHand:
    """Partition 0 has five accounts; the first two are judged, and the changelog is gone."""
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 5, partition=0)
    stream.judge(0, [0, 1], next_offset=2)
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    return stream


def test_the_changelog_is_made_as_a_start_makes_it(
    kafka: Kafka, settings: Settings, judged: StreamByHand
) -> None:
    write_rows(settings, found(settings))
    config = topic_config(kafka.bootstrap, changelog_topic(settings))
    assert config["cleanup.policy"] == "compact"
    assert int(config["segment.bytes"]) < 100_000_000
    assert {p: row.next_offset for p, row in committed_rows(settings).items()} == {0: 2}
    check(settings, timeout=0)


def test_nothing_is_written_while_a_transaction_is_open(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 5, partition=0)
    stream.judge(0, [0, 1], next_offset=2)
    # As in a changelog that is an older copy.
    produce(kafka.bootstrap, settings.verdicts_topic, [verdict(settings, 0, 2)], partition=0)
    rebuilt = found(settings)
    assert rebuilt.rows[0].next_offset == 3
    stream.judge(0, [3], next_offset=4, commit=False)
    line = r"a transaction is open in .*-0 from offset "
    with pytest.raises(CommandError, match=line):
        rebuild(settings)
    with pytest.raises(CommandError, match=line):
        write_rows(settings, rebuilt)
    stream.commit()
    # The row that it wrote is not overwritten by an older one.
    with pytest.raises(CommandError, match="a worker has judged accounts since"):
        write_rows(settings, rebuilt)
    assert found(settings).rows == {}


def test_nothing_is_written_when_a_worker_has_joined_since(
    kafka: Kafka, settings: Settings, judged: StreamByHand
) -> None:
    rebuilt = found(settings)
    member = {"group.id": settings.app_id, "client.id": "late:1"}
    worker = Consumer({"bootstrap.servers": kafka.bootstrap, **member})
    worker.subscribe([settings.accounts_topic])
    deadline = time.monotonic() + 60
    try:
        while not worker.assignment():
            assert time.monotonic() < deadline, "it has no partitions after 60 s"
            worker.poll(0.1)
        with pytest.raises(CommandError, match="stop all workers first: late:1"):
            write_rows(settings, rebuilt)
    finally:
        worker.close()
    write_rows(settings, rebuilt)
