"""A held partition is released on a real Kafka, under load, and while its worker is killed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from confluent_kafka import KafkaException

from cluster.reading.control import Holds, write_release
from config import Settings
from records.release import Release
from tests.brokers import Kafka
from tests.integration.group.test_owners import owners
from tests.integration.stream.test_stream import ARTICLE, Stream, wait_for
from tests.topics import create_topic, delete_topic, produce, read_topic
from tests.worker import Worker

BAD = 700


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


def held_partition(worker: Worker) -> Any:
    """What `/verdicts/` says of partition 1."""
    return worker.get("/verdicts/")[1]["partitions"]["1"].get("held")


def held_at(worker: Worker) -> Any:
    return (held_partition(worker) or {}).get("offset")


def holds(worker: Worker) -> bool:
    return 'fraud_partition_held{partition="1"} 1.0' in worker.get("/metrics")[1]


def bad_deployment(stream: Stream, *workers: Worker) -> None:
    """Partition 1 is held at offset 500, and every worker says so."""
    produce(stream.bootstrap, stream.accounts, [b"another format"] * BAD, partition=1)
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 50, partition=1)
    for worker in workers:
        wait_for(partial(held_at, worker), 500)


@contextmanager
def load(stream: Stream) -> Iterator[list[int]]:
    """Accounts in the other partitions until the end of the block; how many, in a list of one."""
    sent, stop = [0], threading.Event()

    def send() -> None:
        while not stop.is_set():
            for partition in (0, 2, 3):
                produce(stream.bootstrap, stream.accounts, [ARTICLE] * 50, partition=partition)
                sent[0] += 50

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def proven(stream: Stream) -> None:
    done = stream.run("reconcile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_partition_is_released_under_load_without_a_restart(stream: Stream) -> None:
    first, second = stream.worker(FRAUD_BATCH_RECORDS="200"), stream.worker()
    for worker in (first, second):
        worker.wait_ready()
    wait_for(lambda: sorted(owners(first).values()), [2, 2])
    bad_deployment(stream, first, second)
    told = "501 of its last 1,000 records are dead letters"
    for worker in (first, second):
        assert held_partition(worker)["reason"] == told
    counts = stream.run("counts").stdout
    assert "Partition 1 is held at offset 500 since " in counts
    shown = stream.run("top", "--once", "--url", first.url).stdout
    assert f"held: partition 1: {told}" in shown
    for wrong, line in (
        ("9", f"error: topic {stream.accounts} has no partition 9: its partitions are 0 to 3\n"),
        ("2", "error: partition 2 is not held; held: 1\n"),
    ):
        refused = stream.run("partitions", "release", wrong)
        assert (refused.returncode, refused.stderr) == (1, line)

    rebalances = [worker.rebalances for worker in (first, second)]
    with load(stream) as sent:
        done = stream.run("partitions", "release", "1", "--note", "producer fixed")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "partition 1 goes on: its next offset is " in done.stdout
        wait_for(lambda: [held_partition(worker) for worker in (first, second)], [None, None])
    wait_for(lambda: first.get("/verdicts/")[1]["total"], 50 + sent[0])
    assert first.get("/verdicts/")[1]["dead_letters"] == BAD
    assert [worker.rebalances for worker in (first, second)] == rebalances
    assert stream.run("partitions", "release", "1").stderr == "error: partition 1 is not held\n"
    assert "is released by" in first.log + second.log
    proven(stream)


def test_a_release_outlives_the_worker_that_should_have_applied_it(stream: Stream) -> None:
    first, second = stream.worker(), stream.worker()
    for worker in (first, second):
        worker.wait_ready()
    wait_for(lambda: sorted(owners(first).values()), [2, 2])
    bad_deployment(stream, first, second)
    owner, other = (first, second) if holds(first) else (second, first)
    settings = Settings(broker=stream.env["FRAUD_BROKER"], app_id=stream.env["FRAUD_APP_ID"])
    with Holds(settings) as said:
        hold = said.look()[1]
    with load(stream) as sent:
        # It stands still, so nobody applies the release before it is dead.
        owner.pause()
        before = len(other.log)
        write_release(settings, Release(1, hold.begin, hold.end, None, at=1))
        owner.kill()
        wait_for(lambda: held_partition(other), None)
    wait_for(lambda: other.get("/verdicts/")[1]["total"], 50 + sent[0])
    assert other.get("/verdicts/")[1]["dead_letters"] == BAD
    assert "is held at offset" not in other.log[before:]
    assert f"goes on: it was held at offset {hold.offset} by worker" in other.log[before:]
    proven(stream)


def test_a_partition_is_held_again_after_a_restart_unless_it_was_released(
    stream: Stream,
) -> None:
    worker = stream.worker()
    worker.wait_ready()
    bad_deployment(stream, worker)
    assert worker.stop() == 0
    passed = len(read_topic(stream.bootstrap, stream.dead))
    assert "Partition 1 is held at offset 500 since " in stream.run("counts").stdout
    worker.start()
    wait_for(lambda: worker.log.count("is held at offset"), 2)
    assert len(read_topic(stream.bootstrap, stream.dead)) == passed
    assert worker.stop() == 0

    done = stream.run("partitions", "release", "1", "--for", "1h", "--timeout", "0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no worker owns it; the next one to start goes on with it" in done.stderr
    worker.start()
    worker.wait_ready()
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"], BAD)
    # For an hour nothing counts.
    produce(stream.bootstrap, stream.accounts, [b"another format"] * 2_000, partition=1)
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"], BAD + 2_000)
    assert worker.get("/health/ready")[0] == 200

    # The time can be changed, and ended.
    line = stream.run("partitions", "release", "1").stderr
    assert line.startswith("error: partition 1 is not held, and nothing counts until ")
    assert line.endswith(" UTC: --for changes that, --for 0 ends it\n")
    changed = stream.run("partitions", "release", "1", "--for", "2h")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert changed.stdout.startswith("partition 1: nothing counts until ")
    ended = stream.run("partitions", "release", "1", "--for", "0")
    assert ended.stdout == "partition 1: dead letters count again\n"
    again = stream.run("partitions", "release", "1", "--for", "1h").stderr
    assert again == "error: partition 1 is not held\n"
    produce(stream.bootstrap, stream.accounts, [b"another format"] * 501, partition=1)
    wait_for(lambda: holds(worker), True)
    assert stream.run("partitions", "release", "1").returncode == 0
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"], BAD + 2_501)
    proven(stream)


def test_a_partition_can_be_released_after_the_control_topic_was_lost(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    bad_deployment(stream, worker)
    control = f"{stream.env['FRAUD_APP_ID']}-control"
    delete_topic(stream.bootstrap, control)
    settings = Settings(broker=stream.env["FRAUD_BROKER"], app_id=stream.env["FRAUD_APP_ID"])

    def is_there() -> bool:
        with Holds(settings) as said:
            return 1 in said.look()

    # As the next start of a worker makes it, unless the brokers did.
    with suppress(KafkaException):
        create_topic(stream.bootstrap, control, 1, config={"cleanup.policy": "compact"})
    wait_for(is_there, True)
    done = stream.run("partitions", "release", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: worker.get("/verdicts/")[1]["total"], 50)
    proven(stream)


def test_what_is_no_decision_is_ignored_with_one_warning(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    control = f"{stream.env['FRAUD_APP_ID']}-control"
    values = [b"garbage", b'{"partition":1,"begin":0,"end":9e99}', b"[]", b"\xff"]
    produce(stream.bootstrap, control, values, partition=0, key=b"release-1")
    bad_deployment(stream, worker)
    done = stream.run("partitions", "release", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: worker.get("/verdicts/")[1]["total"], 50)
    assert worker.log.count("is ignored, as others may be") == 1
    proven(stream)
