"""The proof where the accounts topic changed, or where other streams write to the outputs."""

import time

import pytest

from cli.counts import read_counts
from cli.reconcile.reading import Reconciliation, reconcile
from cluster import changelog_topic, committed_rows
from cluster.startup import check
from config import Settings
from records import PartitionCounts
from tests.brokers import Kafka
from tests.integration.by_hand import (
    StreamByHand,
    dead_letter,
    delete_before,
    identity,
    recreate,
    verdict,
)
from tests.integration.worker.test_startup import named
from tests.raw_records import send_raw
from tests.topics import create_topic, produce

PARTITION = 1


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    settings = named(topic_prefix, kafka.url)
    check(settings, timeout=0)
    return settings


def send(kafka: Kafka, settings: Settings, number: int) -> None:
    produce(kafka.bootstrap, settings.accounts_topic, [b"{}"] * number, partition=PARTITION)


def proof(settings: Settings) -> Reconciliation:
    result = reconcile(settings)
    assert result is not None
    return result


def judge_100_and_recreate(kafka: Kafka, settings: Settings, *, with_id: bool) -> StreamByHand:
    stream = StreamByHand(settings)
    send(kafka, settings, 100)
    topic = identity(settings) if with_id else None
    stream.judge(PARTITION, range(2, 100), dead=[0, 1], next_offset=100, topic=topic)
    assert proof(settings).proven
    recreate(settings, settings.accounts_topic)
    # Clocks may differ by a second.
    time.sleep(1.5)
    return stream


@pytest.mark.parametrize("number", [0, 40, 100, 140])
def test_a_topic_that_was_re_created_is_known_by_its_id(
    kafka: Kafka, settings: Settings, number: int
) -> None:
    judge_100_and_recreate(kafka, settings, with_id=True)
    send(kafka, settings, number)
    result = proof(settings)
    assert not result.proven
    assert list(result.mismatches) == [PARTITION]
    assert (result.whole.former, result.whole.pending) == (100, number)
    assert (result.whole.missing.total, result.whole.orphaned.total) == (0, 0)
    mismatch = read_counts(settings).mismatch
    assert mismatch is not None
    assert f"{settings.accounts_topic} was re-created (topic id " in mismatch


def test_without_ids_a_position_behind_the_end_shows_it(kafka: Kafka, settings: Settings) -> None:
    judge_100_and_recreate(kafka, settings, with_id=False)
    send(kafka, settings, 40)
    result = proof(settings)
    assert not result.proven
    assert list(result.mismatches) == [PARTITION]
    assert (result.whole.former, result.whole.pending) == (100, 40)


@pytest.mark.parametrize("number", [100, 140])
def test_without_ids_the_age_of_the_verdicts_shows_it(
    kafka: Kafka, settings: Settings, number: int
) -> None:
    stream = judge_100_and_recreate(kafka, settings, with_id=False)
    send(kafka, settings, number)
    # Version 0.1 went on at its position, and so left out as many accounts.
    stream.judge(PARTITION, range(100, number), next_offset=number)
    result = proof(settings)
    assert not result.proven
    assert not result.mismatches
    assert result.whole.former == 100
    assert result.whole.missing.total == 100
    assert result.whole.verdicts == number - 100


def test_a_position_in_another_topic_proves_nothing(
    kafka: Kafka, settings: Settings, topic_prefix: str
) -> None:
    send(kafka, settings, 10)
    StreamByHand(settings).judge(PARTITION, range(10), next_offset=10, topic=identity(settings))
    assert proof(settings).proven
    other = settings.model_copy(update={"accounts_topic": f"{topic_prefix}-other"})
    create_topic(kafka.bootstrap, other.accounts_topic, 4)
    send(kafka, other, 30)
    result = proof(other)
    assert not result.proven
    assert result.mismatches[PARTITION].topic == identity(settings)
    assert result.whole.pending == 30
    assert result.other_streams == {settings.accounts_topic: 10}


def test_two_streams_with_the_same_outputs_are_proven_apart(
    kafka: Kafka, settings: Settings, topic_prefix: str
) -> None:
    names = {"app_id": f"{topic_prefix}-two", "accounts_topic": f"{topic_prefix}-accounts-two"}
    second = settings.model_copy(update=names)
    check(second, timeout=0)
    for stream in (settings, second):
        send(kafka, stream, 20)
        StreamByHand(stream).judge(
            PARTITION, range(1, 20), dead=[0], next_offset=20, topic=identity(stream)
        )
    for stream, other in ((settings, second), (second, settings)):
        result = proof(stream)
        assert result.proven
        assert (result.whole.verdicts, result.whole.dead_letters) == (19, 1)
        assert result.other_streams == {other.accounts_topic: 20}


@pytest.mark.parametrize("went_on", [False, True])
def test_accounts_that_retention_deleted_unjudged_are_lost(
    kafka: Kafka, settings: Settings, *, went_on: bool
) -> None:
    send(kafka, settings, 2_000)
    stream = StreamByHand(settings)
    topic = identity(settings)
    stream.judge(PARTITION, range(50), next_offset=50, topic=topic)
    delete_before(settings, settings.accounts_topic, PARTITION, 1_900)
    if went_on:
        stream.judge(PARTITION, range(1_900, 2_000), next_offset=2_000, topic=topic)
    result = proof(settings)
    assert not result.proven
    assert result.partitions[PARTITION].lost == 1_850
    assert result.whole.accounts_deleted == 50
    assert result.whole.pending == (0 if went_on else 100)


def test_odd_outcomes_are_orphaned_and_stop_nothing(kafka: Kafka, settings: Settings) -> None:
    send(kafka, settings, 2)
    StreamByHand(settings).judge(PARTITION, [0, 1], next_offset=2, topic=identity(settings))
    good = verdict(settings, PARTITION, 0).decode()
    huge = good.replace('"verified_at":', '"verified_at":1e30,"was":').encode()
    nested = b'{"id":' * 100_000
    produce(kafka.bootstrap, settings.verdicts_topic, [huge, nested], partition=PARTITION)
    letter = dead_letter(settings, PARTITION, 1)
    headers: list[tuple[str, str | bytes | None]] = [
        (name, b"9" * 40 if name == "failed_at" else value) for name, value in letter.headers()
    ]
    stream = StreamByHand(settings)
    stream.producer.begin_transaction()
    stream.producer.produce(settings.dead_letters_topic, b"x", None, PARTITION, headers=headers)
    stream.commit()
    found = proof(settings).whole
    assert (found.orphaned.total, found.duplicate.total) == (3, 0)


def test_a_row_with_header_names_that_are_no_text_is_one_of_version_0_1(
    kafka: Kafka, settings: Settings
) -> None:
    send(kafka, settings, 2)
    StreamByHand(settings).judge(PARTITION, [0, 1], next_offset=2)
    row = PartitionCounts(authorized=2, next_offset=2).dumps(serializer="json")
    record = (b"%d" % PARTITION, row, [(b"\xff\xfe", b"x")])
    for _ in range(30):
        send_raw(kafka.bootstrap, changelog_topic(settings), PARTITION, [record])
        assert committed_rows(settings)[PARTITION].next_offset == 2
    assert proof(settings).proven
