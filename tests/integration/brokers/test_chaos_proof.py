"""The proof of the chaos runs: it must be able to fail."""

import json
from collections.abc import Iterable

import pytest
from confluent_kafka import Producer

from tests.brokers import Kafka
from tests.chaos.load import value
from tests.chaos.proof import Proof, prove
from tests.topics import create_topic

EXPECTED = (3, 2)


def row(count: int, partition: int) -> bytes:
    size = sum(len(value(partition, offset)) for offset in range(count))
    return json.dumps({"count": count, "bytes": size, "next_offset": count}).encode()


def prepared(kafka: Kafka, app: str) -> None:
    """An app's topics as they are when every record was copied once."""
    for topic in ("out", "rare", "sums-changelog"):
        create_topic(kafka.bootstrap, f"{app}-{topic}", len(EXPECTED))
    for partition, number in enumerate(EXPECTED):
        write(kafka, f"{app}-sums-changelog", partition, [(b"%d" % partition, row(1, partition))])
        rows = [(b"%d" % partition, row(number, partition))]
        write(kafka, f"{app}-sums-changelog", partition, rows)
        write(kafka, f"{app}-out", partition, copies(partition, range(number)))
        write(kafka, f"{app}-rare", partition, copies(partition, [0]))


def copies(partition: int, offsets: Iterable[int]) -> list[tuple[bytes, bytes]]:
    return [(b"%d-%d" % (partition, offset), value(partition, offset)) for offset in offsets]


def write(kafka: Kafka, topic: str, partition: int, records: list[tuple[bytes, bytes]]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    for key, what in records:
        producer.produce(topic, what, key, partition)
    assert not producer.flush(30)


def test_a_copy_of_every_record_and_the_rows_are_a_proof(kafka: Kafka, topic_prefix: str) -> None:
    prepared(kafka, topic_prefix)
    proof = prove(kafka.bootstrap, topic_prefix, EXPECTED)
    assert proof.holds
    assert proof.read == 5


def test_a_double_written_by_hand_is_found(kafka: Kafka, topic_prefix: str) -> None:
    prepared(kafka, topic_prefix)
    write(kafka, f"{topic_prefix}-out", 0, copies(0, [1]))
    proof = prove(kafka.bootstrap, topic_prefix, EXPECTED)
    assert (proof.double, proof.disordered, proof.missing) == (1, 1, 0)
    assert not proof.holds


def test_the_second_output_is_held_against_the_first_ones_records(
    kafka: Kafka, topic_prefix: str
) -> None:
    prepared(kafka, topic_prefix)
    write(kafka, f"{topic_prefix}-rare", 0, copies(0, [0]))
    proof = prove(kafka.bootstrap, topic_prefix, EXPECTED)
    assert proof.wrong_rows == ["second output: 0 missing, 1 too many"]


def test_records_without_a_copy_and_a_row_that_is_behind_are_found(
    kafka: Kafka, topic_prefix: str
) -> None:
    prepared(kafka, topic_prefix)
    proof = prove(kafka.bootstrap, topic_prefix, (3, 4))
    assert proof.missing == 2
    assert proof.first_missing() == {1: 2}
    assert len(proof.wrong_rows) == 1
    assert not proof.holds


def test_a_row_that_was_never_written_is_found(kafka: Kafka, topic_prefix: str) -> None:
    for topic in ("out", "rare", "sums-changelog"):
        create_topic(kafka.bootstrap, f"{topic_prefix}-{topic}", 1)
    write(kafka, f"{topic_prefix}-out", 0, copies(0, [0]))
    proof = prove(kafka.bootstrap, topic_prefix, [1])
    assert proof.wrong_rows
    assert not proof.holds


@pytest.mark.parametrize(
    ("key", "copied"),
    [
        (b"1-0", value(1, 0)),
        (b"0-3", value(0, 3)),
        (b"0-1", value(0, 2)),
        (b"account", value(0, 1)),
        (None, value(0, 1)),
    ],
    ids=["other partition", "no such offset", "other value", "other key", "no key"],
)
def test_what_is_no_copy_is_foreign(key: bytes | None, copied: bytes) -> None:
    proof = Proof(EXPECTED)
    proof.note(0, key, copied)
    assert proof.foreign == 1
    assert not proof.holds


def test_order_is_of_offsets_within_a_partition() -> None:
    proof = Proof(EXPECTED)
    for partition, offset in ((0, 0), (1, 0), (0, 2), (1, 1), (0, 1)):
        proof.note(partition, b"%d-%d" % (partition, offset), value(partition, offset))
    assert (proof.disordered, proof.missing, proof.double) == (1, 0, 0)
