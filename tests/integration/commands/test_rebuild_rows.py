"""`rebuild-rows` on a real Kafka: what it refuses, and the changelog that it makes."""

import time

import pytest
from confluent_kafka import Consumer, TopicPartition

from cli.rebuild.rebuilding import Rebuilt, rebuild, write_rows
from cli.support.errors import CommandError
from cluster import ClusterError, changelog_topic, committed_rows, topic_spans
from cluster.startup import StartupError, check
from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, delete_before, verdict
from tests.integration.stream.test_stream import ARTICLE
from tests.topics import create_topic, delete_topic, produce, topic_config


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


def test_rows_of_an_accounts_topic_that_was_lost_too_are_not_written(
    kafka: Kafka, settings: Settings, judged: StreamByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.startup.outcomes._SETTLED_AFTER", 0.0)
    accounts = settings.accounts_topic
    lost = rf"^topic {accounts} does not have accounts that were judged, .* so both were lost: "

    def refused_by_both() -> None:
        with pytest.raises(ClusterError, match=lost) as caught:
            rebuild(settings)
        with pytest.raises(StartupError) as refused:
            check(settings, timeout=0)
        assert str(refused.value) == str(caught.value)

    delete_topic(kafka.bootstrap, accounts)
    refused_by_both()
    create_topic(kafka.bootstrap, accounts)
    produce(kafka.bootstrap, accounts, [ARTICLE], partition=0)
    refused_by_both()
    # The new topic has got an account at the last outcome's offset, which is younger.
    later = time.time_ns() // 1_000_000 + 60_000
    delete_topic(kafka.bootstrap, accounts)
    create_topic(kafka.bootstrap, accounts)
    produce(kafka.bootstrap, accounts, [ARTICLE] * 5, partition=0, timestamp=later)
    refused_by_both()


def test_rows_are_written_where_the_clock_of_one_producer_is_ahead(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    later = time.time_ns() // 1_000_000 + 60_000
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE], partition=0)
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE], partition=0, timestamp=later)
    stream.judge(0, [0, 1], next_offset=2)
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    assert found(settings).rows[0].next_offset == 2


def test_what_the_group_committed_is_not_judged_again_where_verdicts_are_gone(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 5, partition=0)
    stream.judge(0, [], dead=[0], next_offset=1)
    stream.judge(0, [1, 2, 3], next_offset=4)
    place = TopicPartition(settings.accounts_topic, 0, 4)
    client = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": settings.app_id})
    client.commit(offsets=[place], asynchronous=False)
    client.close()
    end = topic_spans(settings, settings.verdicts_topic)[0].end
    delete_before(settings, settings.verdicts_topic, 0, end)
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    with pytest.raises(StartupError, match=r"-0 is judged up to offset 4, not 0"):
        check(settings, timeout=0)
    rebuilt = found(settings)
    assert (rebuilt.rows[0].next_offset, rebuilt.no_outcome_left) == (4, {0: 3})
    write_rows(settings, rebuilt)
    check(settings, timeout=0)


def test_without_an_accounts_topic_there_is_nothing_to_rebuild(
    kafka: Kafka, settings: Settings
) -> None:
    other = settings.model_copy(update={"accounts_topic": f"{settings.app_id}-none"})
    with pytest.raises(CommandError, match=f"^topic {settings.app_id}-none does not exist, so "):
        rebuild(other)


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
