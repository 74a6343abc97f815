"""The rules topic as commands read and write it, on both brokers."""

import pytest

from cluster.errors import ClusterError
from cluster.reading.publications import publish, read_entries, read_publications
from config import Settings
from rules.versions.publication import Publication
from tests.brokers import Kafka
from tests.topics import create_topic, produce
from tools.devbroker import EmbeddedBroker


def publication(number: int, source: str = "") -> Publication:
    return Publication("0123456789ab", source, number)


def settings(broker: Kafka | EmbeddedBroker, prefix: str) -> Settings:
    return Settings(broker=broker.url, app_id=prefix, rules_topic=f"{prefix}-rules")


def check(settings: Settings, bootstrap: str) -> None:
    first, second = publication(1), publication(2, "x" * 900_000)
    assert publish(settings, first) == 0
    produce(bootstrap, settings.rules_topic, [b"garbage"], partition=0, key=b"x")
    assert publish(settings, second) == 2
    assert read_publications(settings) == [first, second]
    assert [each.publication for each in read_entries(settings)] == [first, None, second]


def test_on_a_real_kafka(kafka: Kafka, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix)
    assert read_publications(here) == []  # and the topic is not created by asking
    create_topic(kafka.bootstrap, here.rules_topic, 1, config={"cleanup.policy": "compact"})
    assert read_publications(here) == []
    check(here, kafka.bootstrap)


def test_on_the_embedded_broker(embedded_broker: EmbeddedBroker, topic_prefix: str) -> None:
    here = settings(embedded_broker, topic_prefix)
    assert read_publications(here) == []
    check(here, embedded_broker.address)


def test_a_topic_that_takes_no_such_size_is_named(kafka: Kafka, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix)
    create_topic(kafka.bootstrap, here.rules_topic, 1, config={"max.message.bytes": "1000"})
    with pytest.raises(ClusterError, match=r"-rules cannot be written: .*max\.message\.bytes"):
        publish(here, publication(1, "x" * 2_000))


def test_brokers_that_are_away_are_an_error(topic_prefix: str) -> None:
    here = Settings(broker="kafka://127.0.0.1:1", app_id=topic_prefix)
    with pytest.raises(ClusterError, match="topic account_rules cannot be read"):
        read_publications(here, timeout=0.5)
