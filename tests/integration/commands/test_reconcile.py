"""The proof, on a real Kafka."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from cli.reconcile.reading import Reconciliation, reconcile
from cluster import ClusterError
from cluster.startup import check
from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, dead_letter, delete_before, verdict
from tests.integration.worker.test_startup import named
from tests.topics import create_topic, produce, wait_ended
from tools.devbroker import EmbeddedBroker


def accounts(kafka: Kafka, settings: Settings, partition: int, number: int) -> None:
    produce(kafka.bootstrap, settings.accounts_topic, [b"{}"] * number, partition=partition)


def proof(settings: Settings) -> Reconciliation:
    result = reconcile(settings)
    assert result is not None
    return result


def test_what_was_judged_once_is_proven(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    for partition, number in {0: 50, 2: 7}.items():
        accounts(kafka, settings, partition, number)
        stream.judge(partition, range(2, number), dead=[0, 1], next_offset=number)
    result = proof(settings)
    assert result.whole.proven
    assert result.partitions[0].accounts == 50
    assert (result.whole.accounts, result.whole.verdicts, result.whole.dead_letters) == (57, 53, 4)
    assert result.whole.pending == 0
    assert result.stopped_at == {}


def test_missing_duplicate_and_orphaned_ids_are_listed(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    topic = settings.accounts_topic
    accounts(kafka, settings, 1, 10)
    stream.judge(1, [0, 1, 3, 4, 5, 6, 7, 8, 9], next_offset=10)
    letter = dead_letter(settings, 1, 9)
    stream.producer.begin_transaction()
    stream.bury(letter)
    stream.commit()
    invented = [verdict(settings, 1, 4), verdict(settings, 1, 10), verdict(settings, 2, 1), b"x"]
    produce(kafka.bootstrap, settings.verdicts_topic, invented, partition=1)
    found = proof(settings).whole
    assert found.missing.ids == [f"{topic}-1-2"]
    assert sorted(found.duplicate.ids) == [f"{topic}-1-4", f"{topic}-1-9"]
    assert found.orphaned.total == 3
    assert f"{topic}-1-10" in found.orphaned.ids
    assert any(one.startswith(f"{topic}-2-1 (") for one in found.orphaned.ids)
    assert any(one.startswith("not a verdict (") for one in found.orphaned.ids)
    assert not found.proven


def test_a_verdict_of_an_aborted_transaction_is_none(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 0, 3)
    stream.judge(0, [0, 1, 2], next_offset=3)
    stream.judge(0, [0, 1, 2], next_offset=3, commit=False)
    stream.producer.abort_transaction(30)
    assert proof(settings).whole.proven


def test_accounts_that_the_stream_has_not_reached_are_pending(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 0, 10)
    accounts(kafka, settings, 1, 5)
    stream.judge(0, range(4), next_offset=4)
    found = proof(settings)
    assert found.partitions[0].pending == 6
    assert found.partitions[1].pending == 5
    assert found.whole.proven


def test_offsets_without_account_owe_nothing(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    conf = {"bootstrap.servers": kafka.bootstrap, "transactional.id": f"{settings.app_id}-producer"}
    producer = Producer(conf)
    producer.init_transactions(30)
    for end in (
        producer.commit_transaction,
        producer.abort_transaction,
        producer.commit_transaction,
    ):
        producer.begin_transaction()
        producer.produce(settings.accounts_topic, b"{}", partition=0)
        assert producer.flush(30) == 0
        end(30)
    # An account and its marker, an aborted one and its marker, an account and its marker.
    stream.judge(0, [0, 4], next_offset=6)
    found = proof(settings).whole
    assert found.accounts == 2
    assert found.proven
    produce(kafka.bootstrap, settings.verdicts_topic, [verdict(settings, 0, 2)], partition=0)
    assert proof(settings).whole.orphaned.ids == [f"{settings.accounts_topic}-0-2"]


def test_accounts_that_retention_deleted_are_unverifiable(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 0, 10)
    stream.judge(0, range(10), next_offset=10)
    delete_before(settings, settings.accounts_topic, 0, 4)
    found = proof(settings).whole
    assert (found.accounts, found.accounts_deleted) == (6, 4)
    assert found.proven


def test_accounts_whose_verdicts_retention_deleted_are_unverifiable(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 0, 10)
    stream.judge(0, [0, 1, 2, 3, 4, 5, 7, 8, 9], next_offset=10)
    # The verdicts of 0 to 3; the next one that is left is that of 4.
    delete_before(settings, settings.verdicts_topic, 0, 4)
    found = proof(settings).whole
    assert found.outcomes_deleted == 4
    assert found.missing.ids == [f"{settings.accounts_topic}-0-6"]


def test_of_a_compacted_accounts_topic_any_account_may_be_gone(
    kafka: Kafka, topic_prefix: str
) -> None:
    settings = named(topic_prefix, kafka.url)
    compact = {"cleanup.policy": "compact"}
    create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=compact)
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"{}"], partition=0, key=b"k")
    conf = {"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_prefix}
    producer = Producer(conf)
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(settings.accounts_topic, b"{}", b"k", 0)
    producer.commit_transaction(30)
    wait_ended(kafka.bootstrap, settings.accounts_topic)
    # Offset 2 is a marker, as good as an account that compaction took.
    StreamByHand(settings).judge(0, [0, 1, 2], next_offset=3)
    found = proof(settings).whole
    assert found.accounts_deleted == 1
    assert found.proven


def test_an_open_transaction_is_reported_and_held_against_nobody(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 3, 5)
    stream.judge(3, range(3), next_offset=3)
    stream.judge(3, [3, 4], next_offset=5, commit=False)
    result = proof(settings)
    assert result.whole.proven
    assert result.whole.pending == 2
    assert result.stopped_at == {(settings.verdicts_topic, 3): 4}
    stream.commit()
    result = proof(settings)
    assert result.whole.proven
    assert result.whole.pending == 0
    assert result.stopped_at == {}


def test_without_rows_the_offsets_of_the_group_say_what_is_due(
    kafka: Kafka, settings: Settings
) -> None:
    accounts(kafka, settings, 0, 5)
    group = {"bootstrap.servers": kafka.bootstrap, "group.id": settings.app_id}
    consumer = Consumer(group)
    consumer.commit(offsets=[TopicPartition(settings.accounts_topic, 0, 2)], asynchronous=False)
    consumer.close()
    found = proof(settings).whole
    assert found.missing.total == 2
    assert found.pending == 3


def test_it_holds_while_the_stream_runs(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    done = threading.Event()

    def run() -> None:
        number = 0
        while not done.is_set():
            accounts(kafka, settings, 0, 20)
            stream.judge(0, range(number, number + 20), next_offset=number + 20)
            number += 20

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            counted = []
            for _ in range(5):
                found = proof(settings).whole
                assert found.proven, found
                counted.append(found.verdicts)
                time.sleep(0.2)
        finally:
            done.set()
        running.result(30)
    assert counted == sorted(counted)
    assert counted[-1] > counted[0]


def test_a_hundred_thousand_accounts_are_proven_with_progress(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    accounts(kafka, settings, 0, 100_000)
    for begin in range(0, 100_000, 20_000):
        stream.judge(0, range(begin, begin + 20_000), next_offset=begin + 20_000)
    steps: list[tuple[int, int]] = []
    result = reconcile(settings, progress=lambda done, of: steps.append((done, of)))
    assert result is not None
    assert result.whole.proven
    assert result.whole.verdicts == 100_000
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == 200_000
    assert steps[-1][0] <= steps[-1][1]


def test_it_can_be_stopped(kafka: Kafka, settings: Settings) -> None:
    accounts(kafka, settings, 0, 5)
    assert reconcile(settings, stop=lambda: True) is None


def test_without_accounts_topic_there_is_nothing_to_prove(kafka: Kafka, topic_prefix: str) -> None:
    with pytest.raises(ClusterError, match="nothing to reconcile"):
        reconcile(named(topic_prefix, kafka.url))


def test_it_reads_the_embedded_broker(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    check(settings, timeout=0)
    produce(embedded_broker.address, settings.accounts_topic, [b"{}"] * 3, partition=1)
    StreamByHand(settings).judge(1, [0, 1], next_offset=3)
    found = proof(settings).whole
    assert found.missing.ids == [f"{settings.accounts_topic}-1-2"]
