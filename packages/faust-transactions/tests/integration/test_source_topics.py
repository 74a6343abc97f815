"""A source topic that was created again, truncated or cleaned by retention, on a real Kafka."""

import re
import time

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from faust_transactions import TopicIdentity, read_last, topic_ids
from support.copying import Copying, Start, wait_until

from tests.brokers import Kafka
from tests.topics import create_topic, delete_topic, produce
from tests.worker import Worker

CREATED_AGAIN = "the topic was deleted and created again"


@pytest.fixture
def copying(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Copying:
    made = Copying(kafka.bootstrap, topic_prefix, start_worker)
    made.create()
    return made


def recreate(copying: Copying) -> None:
    delete_topic(copying.bootstrap, f"{copying.name}-in")
    try:
        create_topic(copying.bootstrap, f"{copying.name}-in")
    except KafkaException as exc:
        # A client of the worker asked for it, and the broker creates what it is asked for.
        if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def delete_records(copying: Copying, before: int) -> None:
    """What retention does: the partition begins there now."""
    admin = AdminClient({"bootstrap.servers": copying.bootstrap})
    partition = TopicPartition(f"{copying.name}-in", 0, before)
    for answer in admin.delete_records([partition]).values():
        answer.result(30)


def health(worker: Worker) -> str:
    return str(worker.get("/health/ready")[1]["text"])


def wait_stopped(worker: Worker) -> str:
    worker.wait_ready()
    wait_until(lambda: "is stopped" in health(worker))
    return health(worker)


@pytest.mark.parametrize("number", [40, 100, 250])
def test_a_topic_created_again_under_a_running_worker_stops_the_partition(
    copying: Copying, number: int
) -> None:
    """With fewer records than were processed, as many, and more."""
    copying.send(100, partition=0)
    worker = copying.worker()
    copying.wait_for_all()
    recreate(copying)
    produce(copying.bootstrap, f"{copying.name}-in", [b"new"] * number, partition=0)
    assert CREATED_AGAIN in wait_stopped(worker)
    produce(copying.bootstrap, f"{copying.name}-in", [b"new"] * 100, partition=0)
    time.sleep(3)
    copying.wait_for_all()
    (line,) = {
        line.partition("ERROR")[2]
        for line in worker.log.splitlines()
        if f"{copying.name}-in-0 is stopped" in line
    }
    assert "restore the former topic, or process this one under another app id" in line
    assert worker.stop() == 0


def test_a_topic_created_again_between_two_workers_stops_the_partition(copying: Copying) -> None:
    copying.send(100, partition=0)
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0
    recreate(copying)
    produce(copying.bootstrap, f"{copying.name}-in", [b"new"] * 150, partition=0)
    worker.start()
    assert CREATED_AGAIN in wait_stopped(worker)
    # The topic is stopped as a whole, partitions included in which nothing was processed.
    produce(copying.bootstrap, f"{copying.name}-in", [b"new"] * 10, partition=1)
    time.sleep(3)
    copying.wait_for_all()
    assert worker.log.count(f"ERROR] {copying.name}-in-") == 4
    assert worker.stop() == 0


def test_rows_of_another_topic_stop_all_partitions(copying: Copying) -> None:
    copying.send(100, partition=0)
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0
    create_topic(copying.bootstrap, f"{copying.name}-other")
    produce(copying.bootstrap, f"{copying.name}-other", [b"new"] * 150, partition=0)
    produce(copying.bootstrap, f"{copying.name}-other", [b"1"], partition=1)
    other = copying.worker(ENGINE_SOURCE="other")
    assert "its rows count offsets of another topic" in wait_stopped(other)
    time.sleep(3)
    copying.wait_for_all()


def test_two_topics_under_one_app_id_stop_each_other(copying: Copying) -> None:
    """Neither worker found a row when it started, so only the rows of the other tell.

    They tell at the next check, or when a rebalance restores the partitions once more.
    """
    create_topic(copying.bootstrap, f"{copying.name}-other")
    one, other = copying.worker(), copying.worker(ENGINE_SOURCE="other")
    for worker in (one, other):
        worker.wait_ready()
    for topic in ("in", "other"):
        produce(copying.bootstrap, f"{copying.name}-{topic}", [b"1"], partition=0)
    wait_until(lambda: any("is stopped" in health(worker) for worker in (one, other)))
    (name, reason) = next(
        (name, health(worker))
        for name, worker in (("other", one), ("in", other))
        if "is stopped" in health(worker)
    )
    assert re.search(
        f"another worker with this app id processes topic {copying.name}-{name} "
        f"|its rows count offsets of another topic, {copying.name}-{name} ",
        reason,
    )


def test_a_row_without_a_topic_is_adopted(copying: Copying) -> None:
    copying.send(100, partition=0)
    rows = f"{copying.name}-sums-changelog"
    create_topic(copying.bootstrap, rows, config={"cleanup.policy": "compact"})
    row = b'{"count":90,"bytes":1,"next_offset":90}'
    produce(copying.bootstrap, rows, [row], partition=0, key=b"0")
    worker = copying.worker()
    wait_until(lambda: len(copying.copies()) == 10)
    conf = {"bootstrap.servers": copying.bootstrap}
    topic = f"{copying.name}-in"
    last = read_last(conf, rows, [0])[0]
    expected = TopicIdentity(topic, topic_ids(conf, [topic])[topic])
    assert TopicIdentity.from_headers(last.headers) == expected
    assert worker.stop() == 0


def test_a_row_beyond_the_end_of_its_topic_stops_the_partition(copying: Copying) -> None:
    copying.send(10, partition=0)
    rows = f"{copying.name}-sums-changelog"
    create_topic(copying.bootstrap, rows, config={"cleanup.policy": "compact"})
    row = b'{"count":90,"bytes":1,"next_offset":90}'
    produce(copying.bootstrap, rows, [row], partition=0, key=b"0")
    worker = copying.worker()
    assert "offsets up to 90 were processed, but the topic ends at 10" in wait_stopped(worker)
    assert copying.copies() == []


def test_records_deleted_while_they_waited_are_reported_and_the_rest_is_processed(
    copying: Copying,
) -> None:
    copying.send_values(b"wait 15")
    worker = copying.worker()
    worker.wait_ready()
    time.sleep(1)
    # More than a fetch and what is fetched ahead of it, 1 MB each.
    values = [b"%d " % number + b"x" * 10_000 for number in range(1, 600)]
    produce(copying.bootstrap, f"{copying.name}-in", values, partition=0)
    delete_records(copying, 590)
    wait_until(lambda: "retention deleted up to" in health(worker), timeout=12)
    wait_until(lambda: worker.get("/health/ready")[1]["rows"]["0"] == 600)
    (line,) = [each for each in worker.log.splitlines() if "before they were processed" in each]
    lost = int(re.search(r"deleted (\d+) offsets", line)[1])  # type: ignore[index]
    copies = [int((copy.key or b"").split(b"-")[1]) for copy in copying.copies()]
    assert copies == sorted({*range(590 - lost), *range(590, 600)})
    assert worker.get("/health/ready")[1]["lost"] == lost
    assert worker.stop() == 0


def test_records_deleted_while_no_worker_ran_are_reported_once(copying: Copying) -> None:
    copying.send(10, partition=0)
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0
    values = [b"new %d" % number for number in range(100)]
    produce(copying.bootstrap, f"{copying.name}-in", values, partition=0)
    delete_records(copying, 60)
    before = len(worker.log)
    worker.start()
    copying.sent.update(values[50:])
    copying.wait_for_all()
    lines = [line for line in worker.log[before:].splitlines() if "retention deleted" in line]
    assert len(lines) == 1
    assert "retention deleted 50 offsets before they were processed, from 10 up to 60" in lines[0]
    assert worker.stop() == 0
