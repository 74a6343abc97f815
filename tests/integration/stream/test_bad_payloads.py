"""A thousand bad payloads among ten thousand accounts, on a real Kafka, with Veritas over HTTP."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer

from agents.fakes import FakeAccounts
from tests.brokers import Kafka
from tests.integration.service import Service
from tests.integration.stream.bad_payloads import BAD, BROKEN, dumped
from tests.integration.stream.test_stream import Stream, total, wait_for
from tests.topics import read_topic
from tests.worker import Worker

GOOD_ONES, BAD_ONES, PARTITIONS = 10_000, 1_000, 4

Place = tuple[int, int]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    service.start("--broken", BROKEN)
    yield service
    service.kill()


def test_each_ends_once_with_its_bytes_and_its_key_and_the_worker_lives(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker], service: Service
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    worker = stream.worker(FRAUD_VERITAS_URL=service.url)
    worker.wait_ready()
    expected = sent(stream)
    wait_for(lambda: total(worker), GOOD_ONES, timeout=120)
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"], BAD_ONES)

    accounts = {
        (one.partition, one.offset): one for one in read_topic(kafka.bootstrap, stream.accounts)
    }
    letters = read_topic(kafka.bootstrap, stream.dead)
    found: dict[Place, str] = {}
    for letter in letters:
        place = int(letter.headers["partition"]), int(letter.headers["offset"])
        assert place not in found
        found[place] = letter.headers["error"].decode()
        account = accounts[place]
        assert (letter.key, letter.value) == (account.key, account.value)
        assert letter.partition == account.partition
    assert found == expected
    verdicts = [
        json.loads(one.value or b"") for one in read_topic(kafka.bootstrap, stream.verdicts)
    ]
    judged = {(one["partition"], one["offset"]) for one in verdicts}
    assert len(verdicts) == len(judged) == GOOD_ONES
    assert judged == set(accounts) - set(expected)

    assert worker.get("/health/ready")[0] == 200
    assert worker.rebalances == 1
    assert "Traceback" not in worker.log
    assert stream.run("reconcile").returncode == 0
    assert worker.stop() == 0


def sent(stream: Stream) -> dict[Place, str]:
    """Send good and bad ones in any order; the code of each bad one by partition and offset."""
    rng = random.Random(5)
    pool = [json.loads(each.dumps()) for each in FakeAccounts(5).pool(500)]
    codes: list[str | None] = [None] * GOOD_ONES
    codes += [list(BAD)[number % len(BAD)] for number in range(BAD_ONES)]
    rng.shuffle(codes)
    producer = Producer({"bootstrap.servers": stream.bootstrap, "enable.idempotence": True})
    expected: dict[Place, str] = {}
    ends: Counter[int] = Counter()
    for code in codes:
        account = rng.choice(pool)
        value = dumped(account) if code is None else BAD[code](rng, account)
        key = rng.choice([None, b"", rng.randbytes(8)])
        partition = rng.randrange(PARTITIONS)
        producer.produce(stream.accounts, value, key, partition)
        producer.poll(0)
        if code is not None:
            expected[partition, ends[partition]] = code
        ends[partition] += 1
    assert producer.flush(60) == 0
    return expected
