"""The broker of the other tests: does it keep what Kafka promises?"""

from collections.abc import Callable, Iterator

import pytest
import trustme
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.brokers import Kafka
from tests.integration.worker import tls
from tests.topics import commit_abort_commit, create_topic, produce, read_topic, wait_ended
from tools.devbroker import KafkaServer

StartKafka = Callable[..., KafkaServer]


def values(bootstrap: str, topic: str, isolation: str = "read_committed") -> list[bytes | None]:
    return [record.value for record in read_topic(bootstrap, topic, isolation=isolation)]


def test_a_committed_transaction_is_seen_and_an_aborted_one_is_not(
    kafka: Kafka, topic_prefix: str
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    commit_abort_commit(kafka.bootstrap, topic_prefix)
    assert values(kafka.bootstrap, topic_prefix) == [b"1", b"3"]
    assert values(kafka.bootstrap, topic_prefix, "read_uncommitted") == [b"1", b"2", b"3"]


def test_an_open_transaction_holds_back_what_comes_after_it(
    kafka: Kafka, topic_prefix: str
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_prefix})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic_prefix, b"open")
    producer.flush(30)
    produce(kafka.bootstrap, topic_prefix, [b"after"])
    assert values(kafka.bootstrap, topic_prefix) == []
    producer.commit_transaction(30)
    wait_ended(kafka.bootstrap, topic_prefix)
    assert values(kafka.bootstrap, topic_prefix) == [b"open", b"after"]


def test_a_reader_gets_every_partition_in_order(kafka: Kafka, topic_prefix: str) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 3)
    for partition in range(3):
        sent = (f"{partition}-{n}".encode() for n in range(1000))
        produce(kafka.bootstrap, topic_prefix, sent, partition=partition, key=b"k")
    records = read_topic(kafka.bootstrap, topic_prefix)
    assert [(r.partition, r.offset, r.value) for r in records] == [
        (partition, n, f"{partition}-{n}".encode()) for partition in range(3) for n in range(1000)
    ]


def test_a_topic_appears_with_four_partitions_when_a_producer_comes_first(
    guarded: KafkaServer, topic_prefix: str
) -> None:
    produce(guarded.bootstrap, topic_prefix, [b"x"])
    found = AdminClient({"bootstrap.servers": guarded.bootstrap}).list_topics(topic_prefix, 10)
    assert len(found.topics[topic_prefix].partitions) == 4


def test_a_restart_keeps_address_and_data(own_kafka: StartKafka, topic_prefix: str) -> None:
    server = own_kafka()
    address = server.bootstrap
    create_topic(address, topic_prefix, 1)
    kept: list[bytes | None] = []
    for end, value in ((server.stop, b"before a stop"), (server.kill, b"before a kill")):
        produce(address, topic_prefix, [value])
        kept.append(value)
        end()
        assert not server.is_running
        with pytest.raises(KafkaException):
            AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=1)
        server.start()
        assert server.bootstrap == address
        assert values(address, topic_prefix) == kept


def test_a_paused_server_answers_again_after_it(guarded: KafkaServer, topic_prefix: str) -> None:
    create_topic(guarded.bootstrap, topic_prefix, 1)
    guarded.pause()
    try:
        with pytest.raises(KafkaException):
            AdminClient({"bootstrap.servers": guarded.bootstrap, "log_level": 0}).list_topics(
                timeout=1
            )
    finally:
        guarded.resume()
    produce(guarded.bootstrap, topic_prefix, [b"x"])
    assert values(guarded.bootstrap, topic_prefix) == [b"x"]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def guarded(
    can_run_kafka: None, ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KafkaServer]:
    """Kafka that also listens with passwords and with TLS."""
    directory = tmp_path_factory.mktemp("guarded")
    with KafkaServer(
        directory,
        protocols=["SASL_PLAINTEXT", "SSL"],
        users={"alice": "in-wonderland"},
        properties=tls.server_properties(ca, directory),
    ) as server:
        yield server


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_users_log_in_with_their_password_only(guarded: KafkaServer, mechanism: str) -> None:
    client: dict[str, str | int | float | bool] = {
        "bootstrap.servers": guarded.bootstrap_of("SASL_PLAINTEXT"),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.username": "alice",
        "log_level": 0,
    }
    assert AdminClient({**client, "sasl.password": "in-wonderland"}).list_topics(timeout=10).brokers
    with pytest.raises(KafkaException):
        AdminClient({**client, "sasl.password": "queen"}).list_topics(timeout=3)


def test_the_tls_listener_is_trusted_by_its_ca_alone(guarded: KafkaServer, ca: trustme.CA) -> None:
    config: dict[str, str | int | float | bool] = {
        "bootstrap.servers": guarded.bootstrap_of("SSL"),
        "security.protocol": "SSL",
        "log_level": 0,
    }
    trusted = {**config, "ssl.ca.pem": ca.cert_pem.bytes().decode()}
    assert AdminClient(trusted).list_topics(timeout=10).brokers
    stranger = {**config, "ssl.ca.pem": trustme.CA().cert_pem.bytes().decode()}
    with pytest.raises(KafkaException):
        AdminClient(stranger).list_topics(timeout=3)
