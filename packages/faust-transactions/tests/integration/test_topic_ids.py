"""Topic ids as a real broker and the embedded one give them; the row's headers."""

import time

from faust_transactions import TopicIdentity, read_last, topic_ids
from support.copying import Copying, Start

from tests.brokers import Kafka
from tests.topics import create_topic, delete_topic, produce
from tools.devbroker import EmbeddedBroker


def test_a_topic_made_anew_has_another_id(kafka: Kafka, topic_prefix: str) -> None:
    conf = {"bootstrap.servers": kafka.bootstrap}
    topic, missing = f"{topic_prefix}-a", f"{topic_prefix}-missing"
    create_topic(kafka.bootstrap, topic)
    first = topic_ids(conf, [topic, missing])
    assert first.keys() == {topic}
    assert topic_ids(conf, [topic]) == first
    delete_topic(kafka.bootstrap, topic)
    create_topic(kafka.bootstrap, topic)
    assert topic_ids(conf, [topic, missing]) != first
    assert topic_ids(conf, [missing]) == {}, "asking does not create it"


def test_the_embedded_broker_has_no_ids() -> None:
    with EmbeddedBroker() as broker:
        began = time.monotonic()
        conf = {"bootstrap.servers": broker.address}
        produce(broker.address, "orders", [b"1"])
        assert topic_ids(conf, ["orders", "missing"]) == {"orders": None}
        assert time.monotonic() - began < 2, "nothing was waited for"


def test_a_row_names_its_topic(kafka: Kafka, topic_prefix: str, start_worker: Start) -> None:
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(10)
    copying.worker()
    copying.wait_for_all()
    conf = {"bootstrap.servers": kafka.bootstrap}
    rows = read_last(conf, f"{topic_prefix}-sums-changelog")
    ids = topic_ids(conf, [f"{topic_prefix}-in"])
    expected = TopicIdentity(f"{topic_prefix}-in", ids[f"{topic_prefix}-in"])
    assert rows
    assert {TopicIdentity.from_headers(row.headers) for row in rows.values()} == {expected}
