"""Accounts as any producer may send them: compressed by each codec, in transactions of its own."""

import json
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from agents.fakes import FakeAccounts
from tests.brokers import Kafka
from tests.integration.stream.test_stream import Stream, total, wait_for
from tests.topics import create_topic, read_topic
from tests.worker import Worker

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS = 4
# For each codec, in each partition.
GOOD_ONES, BAD_ONES = 100, 5


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]) -> Stream:
    stream = Stream(kafka, topic_prefix, start_worker)
    create_topic(kafka.bootstrap, stream.accounts, PARTITIONS)
    return stream


def send(stream: Stream, codec: str, ends: list[str]) -> None:
    """As many transactions as there are ends, each of which is "commit" or "abort".

    Each holds the same records. Those of one are one batch in each partition.
    """
    values = [account.dumps() for account in FakeAccounts(7).pool(GOOD_ONES)]
    values += [b'{"no":"account","in":"%d"}' % number for number in range(BAD_ONES)]
    producer = Producer(
        {
            "bootstrap.servers": stream.bootstrap,
            "transactional.id": f"{stream.accounts}-{codec}",
            "compression.type": codec,
            "linger.ms": 200,
        }
    )
    producer.init_transactions(30)
    for end in ends:
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            for value in values:
                producer.produce(stream.accounts, value, codec.encode(), partition)
        # What is aborted before it was sent would never be in the topic.
        assert producer.flush(30) == 0
        {"commit": producer.commit_transaction, "abort": producer.abort_transaction}[end](30)


def test_what_was_committed_is_judged_once_whatever_it_was_packed_in(
    kafka: Kafka, stream: Stream
) -> None:
    send(stream, "zstd", ["abort"])
    worker = stream.worker()
    worker.wait_ready()
    for codec in CODECS:
        send(stream, codec, ["abort", "commit", "abort"])
    expected = len(CODECS) * PARTITIONS * GOOD_ONES, len(CODECS) * PARTITIONS * BAD_ONES
    wait_for(lambda: (total(worker), worker.get("/verdicts/")[1]["dead_letters"]), expected)

    sent = read_topic(kafka.bootstrap, stream.accounts, isolation="read_uncommitted")
    assert len(sent) == (1 + 3 * len(CODECS)) * PARTITIONS * (GOOD_ONES + BAD_ONES)
    accounts = {
        (one.partition, one.offset): one for one in read_topic(kafka.bootstrap, stream.accounts)
    }
    letters = read_topic(kafka.bootstrap, stream.dead)
    verdicts = [
        json.loads(one.value or b"") for one in read_topic(kafka.bootstrap, stream.verdicts)
    ]
    judged = [(one["partition"], one["offset"]) for one in verdicts]
    buried = [(int(one.headers["partition"]), int(one.headers["offset"])) for one in letters]
    assert (len(judged), len(buried)) == expected
    assert sorted(judged + buried) == sorted(accounts)
    for letter, place in zip(letters, buried, strict=True):
        assert (letter.key, letter.value) == (accounts[place].key, accounts[place].value)
    proof = stream.run("reconcile", "--json")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert worker.stop() == 0
    assert "Traceback" not in worker.log
