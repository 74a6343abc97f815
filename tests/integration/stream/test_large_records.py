"""Records as large as their topic takes, and larger ones that were compressed."""

from collections.abc import Callable

from tests.brokers import Kafka
from tests.integration.stream.test_stream import ARTICLE, Stream, wait_for
from tests.topics import configure_topic, create_topic, produce, read_topic
from tests.worker import Worker

LIMIT = 3_000_000
# What a batch of one record takes besides key and value.
FRAME = 80
KEY = b"k" * 1_000
ANY_SIZE = {"message.max.bytes": 100_000_000}


def dead_letters(worker: Worker) -> int:
    return int(worker.get("/verdicts/")[1]["dead_letters"])


def not_ready(worker: Worker) -> str:
    status, answer = worker.get("/health/ready")
    return "" if status == 200 else answer["reason"]


def test_each_becomes_a_dead_letter_and_one_that_does_not_fit_waits_for_its_topic(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    create_topic(kafka.bootstrap, stream.accounts, 4, config={"max.message.bytes": str(LIMIT)})
    worker = stream.worker()
    worker.wait_ready()
    largest = bytes(LIMIT - len(KEY) - FRAME)
    produce(stream.bootstrap, stream.accounts, [largest], partition=1, key=KEY, client=ANY_SIZE)
    wait_for(lambda: dead_letters(worker), 1)

    # Packed it is small, and so passes any limit of the accounts.
    packed = ANY_SIZE | {"compression.type": "gzip"}
    values = [ARTICLE, bytes(20_000_000), ARTICLE]
    produce(stream.bootstrap, stream.accounts, values, partition=2, client=packed)
    wait_for(lambda: "raise max.message.bytes of that topic (" in not_ready(worker), True)
    assert f"topic {stream.dead} takes no record or batch so large" in not_ready(worker)
    assert dead_letters(worker) == 1
    configure_topic(kafka.bootstrap, stream.dead, {"max.message.bytes": "30000000"})
    wait_for(lambda: dead_letters(worker), 2)
    wait_for(lambda: not_ready(worker), "")
    letters = read_topic(kafka.bootstrap, stream.dead)
    assert [(each.key, each.value) for each in letters] == [(KEY, largest), (None, values[1])]
    proof = stream.run("reconcile")
    assert proof.returncode == 0, proof.stdout + proof.stderr
