"""What the development broker can do, and where it differs from a real one."""

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.topics import produce, read_topic
from tools.devbroker import EmbeddedBroker


def test_it_answers_a_transaction(embedded_broker: EmbeddedBroker) -> None:
    address = embedded_broker.address
    producer = Producer({"bootstrap.servers": address, "transactional.id": "t", "log_level": 0})
    producer.init_transactions(10)
    for number in range(3):
        producer.begin_transaction()
        producer.produce("numbers", str(number).encode(), partition=1)
        producer.commit_transaction(10)
    records = read_topic(address, "numbers")
    assert [(record.partition, record.value) for record in records] == [
        (1, b"0"),
        (1, b"1"),
        (1, b"2"),
    ]


def test_a_topic_appears_on_first_use_with_four_partitions(embedded_broker: EmbeddedBroker) -> None:
    produce(embedded_broker.address, "new", [b"x"])
    admin = AdminClient({"bootstrap.servers": embedded_broker.address})
    assert len(admin.list_topics("new", timeout=10).topics["new"].partitions) == 4
    assert EmbeddedBroker.partitions == 4


def test_nothing_is_left_after_stop() -> None:
    broker = EmbeddedBroker()
    broker.start()
    address = broker.address
    broker.stop()
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=1)


def test_two_brokers_do_not_know_each_other() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        produce(one.address, "mine", [b"x"])
        assert one.address != other.address
        assert "mine" not in AdminClient({"bootstrap.servers": other.address}).list_topics().topics
