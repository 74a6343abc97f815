"""Finding the last committed record of each partition, against a real Kafka."""

import time
from collections.abc import Callable, Iterable

import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions
from faust.types import TP
from faust_transactions import Span
from faust_transactions.kafka.hanging import OpenTransactions
from faust_transactions.kafka.source_brokers import SourceBrokers
from faust_transactions.kafka.tail import LastRecord, LastRecords, read_last

from tests.brokers import Kafka
from tests.topics import create_topic, produce, read_topic, wait_ended
from tools.devbroker import EmbeddedBroker, KafkaServer


@pytest.fixture
def topic(kafka: Kafka, topic_prefix: str) -> str:
    create_topic(kafka.bootstrap, topic_prefix, 4)
    return topic_prefix


@pytest.fixture
def conf(kafka: Kafka) -> dict[str, str]:
    return {"bootstrap.servers": kafka.bootstrap}


class Transactions:
    """Writes to one topic in transactions, whose last one may stay open."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        conf = {"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 0}
        self.producer = Producer(conf)
        self.producer.init_transactions(30)

    def commit(self, *values: bytes | None, partition: int = 0) -> None:
        self.open(values, partition)
        self.producer.commit_transaction(30)

    def abort(self, *values: bytes | None, partition: int = 0) -> None:
        self.open(values, partition)
        self.producer.abort_transaction(30)

    def open(self, values: Iterable[bytes | None], partition: int = 0) -> None:
        self.producer.begin_transaction()
        for value in values:
            self.producer.produce(self.topic, value, b"key", partition)
        assert self.producer.flush(30) == 0


@pytest.fixture
def transactions(kafka: Kafka, topic: str) -> Transactions:
    return Transactions(kafka.bootstrap, topic)


Conf = dict[str, str]


def test_the_last_record_of_each_partition_is_read(kafka: Kafka, topic: str, conf: Conf) -> None:
    for partition, count in {0: 1, 1: 1000, 3: 64}.items():
        values = (b"%d" % n for n in range(count))
        produce(kafka.bootstrap, topic, values, partition=partition, key=b"k")
    assert read_last(conf, topic) == {
        0: LastRecord(b"k", b"0", 0),
        1: LastRecord(b"k", b"999", 999),
        3: LastRecord(b"k", b"63", 63),
    }


def test_only_the_wanted_partitions_are_read(kafka: Kafka, topic: str, conf: Conf) -> None:
    for partition in range(4):
        produce(kafka.bootstrap, topic, [b"x"], partition=partition)
    assert set(read_last(conf, topic, [1, 2])) == {1, 2}
    assert read_last(conf, topic, []) == {}


def test_commit_markers_at_the_end_are_no_records(
    kafka: Kafka, transactions: Transactions, conf: Conf
) -> None:
    for number in range(200):
        transactions.commit(b"%d" % number)
    wait_ended(kafka.bootstrap, transactions.topic)
    # A marker follows each record.
    assert read_last(conf, transactions.topic) == {0: LastRecord(b"key", b"199", 398)}


@pytest.mark.parametrize("aborted", [1, 63, 64, 65, 700, 5000])
def test_aborted_records_are_stepped_over(
    transactions: Transactions, conf: Conf, aborted: int
) -> None:
    transactions.commit(b"good")
    transactions.abort(*[b"aborted"] * aborted)
    assert read_last(conf, transactions.topic) == {0: LastRecord(b"key", b"good", 0)}


def test_a_partition_of_aborted_records_alone_has_no_last_record(
    kafka: Kafka, transactions: Transactions, conf: Conf
) -> None:
    transactions.abort(*[b"aborted"] * 600)
    transactions.commit(b"other", partition=2)
    wait_ended(kafka.bootstrap, transactions.topic)
    assert read_last(conf, transactions.topic) == {2: LastRecord(b"key", b"other", 0)}


def test_nothing_is_seen_of_an_open_transaction_or_behind_it(
    kafka: Kafka, transactions: Transactions, conf: Conf
) -> None:
    transactions.commit(b"done")
    transactions.open([b"open"])
    produce(kafka.bootstrap, transactions.topic, [b"behind"], partition=0)
    assert read_last(conf, transactions.topic) == {0: LastRecord(b"key", b"done", 0)}
    transactions.producer.commit_transaction(30)
    wait_ended(kafka.bootstrap, transactions.topic)
    last = read_last(conf, transactions.topic)[0]
    assert last.value == b"behind"


def test_a_partition_with_nothing_but_an_open_transaction_is_empty(
    transactions: Transactions, conf: Conf
) -> None:
    transactions.open([b"open"])
    assert read_last(conf, transactions.topic) == {}


def test_a_deleting_record_is_a_record(kafka: Kafka, topic: str, conf: Conf) -> None:
    produce(kafka.bootstrap, topic, [b"row", None], partition=1, key=b"1")
    assert read_last(conf, topic) == {1: LastRecord(b"1", None, 1)}


def test_a_tail_that_compaction_took_is_stepped_over(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str
) -> None:
    quick = {"log.cleaner.backoff.ms": "100", "log.initial.task.delay.ms": "100"}
    bootstrap = own_kafka(properties=quick).bootstrap
    compacting = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "delete.retention.ms": "0",
    }
    create_topic(bootstrap, topic_prefix, 1, config=compacting)
    produce(bootstrap, topic_prefix, [b"row"], key=b"kept")
    produce(bootstrap, topic_prefix, [*[b"row"] * 1000, None], key=b"gone")
    transactions = Transactions(bootstrap, topic_prefix)

    def only_the_kept_one_is_left() -> bool:
        # An append rolls the segment; the cleaner leaves the newest alone.
        transactions.abort(b"aborted")
        return [record.key for record in read_topic(bootstrap, topic_prefix)] == [b"kept"]

    assert _soon(only_the_kept_one_is_left)
    conf = {"bootstrap.servers": bootstrap}
    assert read_last(conf, topic_prefix) == {0: LastRecord(b"kept", b"row", 0)}


def test_a_partition_whose_records_were_deleted_is_empty(
    kafka: Kafka, topic: str, conf: Conf
) -> None:
    produce(kafka.bootstrap, topic, [b"x"] * 10, partition=0)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition(topic, 0, 10)]).values():
        done.result(30)
    assert read_last(conf, topic) == {}


def test_a_missing_topic_has_nothing_and_is_not_created(
    kafka: Kafka, topic_prefix: str, conf: Conf
) -> None:
    assert read_last(conf, topic_prefix) == {}
    assert read_last(conf, topic_prefix, [0]) == {}
    assert topic_prefix not in AdminClient(dict(conf)).list_topics(timeout=10).topics


def test_a_partition_that_the_topic_has_not_is_an_error(topic: str, conf: Conf) -> None:
    with pytest.raises(KafkaException, match="4"):
        read_last(conf, topic, [0, 4])


def test_clients_that_stay_connected_find_added_partitions(
    kafka: Kafka, topic_prefix: str, conf: Conf
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    rows, open_transactions, sources = (
        LastRecords(conf),
        OpenTransactions(conf),
        SourceBrokers(conf),
    )
    old, new = TP(topic_prefix, 0), TP(topic_prefix, 1)
    assert open_transactions.since([old]) == {}
    assert rows.of(topic_prefix) == {}
    assert sources.look([old], 10).spans == {old: Span(0, 0)}
    admin = AdminClient({**conf})
    admin.create_partitions([NewPartitions(topic_prefix, 2)])[topic_prefix].result()
    assert open_transactions.since([old, new]) == {}
    assert rows.of(topic_prefix, [0, 1]) == {}
    assert sources.look([new], 10).spans == {new: Span(0, 0)}
    rows.close()
    open_transactions.close()


def test_it_ends_while_others_go_on_writing(kafka: Kafka, topic: str, conf: Conf) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 1})
    produce(kafka.bootstrap, topic, [b"0"], partition=0)
    for round_ in range(1, 20):
        for number in range(100):
            producer.produce(topic, b"%d" % (round_ * 100 + number), partition=0)
        producer.poll(0)
        assert 0 in read_last(conf, topic, timeout=5)
    producer.flush(10)


def test_no_broker_is_an_error_after_the_timeout() -> None:
    with pytest.raises(KafkaException):
        read_last({"bootstrap.servers": "127.0.0.1:1"}, "topic", timeout=1.5)


def test_many_partitions_are_read_together(kafka: Kafka, topic_prefix: str, conf: Conf) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 64)
    producer = Producer(conf)
    for partition in range(64):
        producer.produce(topic_prefix, b"%d" % partition, partition=partition)
    assert producer.flush(30) == 0
    # One after the other, a fetch without data would take most of this for each partition.
    found = read_last(conf, topic_prefix, timeout=10)
    assert {p: record.value for p, record in found.items()} == {p: b"%d" % p for p in range(64)}


def test_it_reads_the_embedded_broker(embedded_broker: EmbeddedBroker) -> None:
    produce(embedded_broker.address, "rows", [b"1", b"2"], partition=3, key=b"3")
    conf = {"bootstrap.servers": embedded_broker.address}
    assert read_last(conf, "rows") == {3: LastRecord(b"3", b"2", 1)}


def _soon(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return False
