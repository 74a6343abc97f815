"""The engine's promises, on a real Kafka, with an app that only copies records."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from support.copying import Copying, Start, wait_until

from tests.brokers import Kafka
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker, KafkaServer


@pytest.fixture
def copying(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Copying:
    made = Copying(kafka.bootstrap, topic_prefix, start_worker)
    made.create()
    return made


def test_every_record_is_copied_once_and_in_order(copying: Copying) -> None:
    copying.send(20_000)
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0


def test_a_single_record_does_not_wait_for_others(copying: Copying) -> None:
    worker = copying.worker()
    worker.wait_ready()
    for _ in range(3):
        copying.send(1)
        copying.wait_for_all(timeout=10)


def test_a_worker_goes_on_where_another_was_killed(copying: Copying) -> None:
    copying.send(60_000)
    first = copying.worker()
    first.wait_ready()
    copying.wait_for(5_000)
    first.kill()
    copying.send(5_000)
    copying.worker()
    copying.wait_for_all()


def test_workers_that_join_and_leave_lose_nothing(copying: Copying) -> None:
    copying.send(30_000)
    first = copying.worker()
    first.wait_ready()
    second = copying.worker()
    second.wait_ready()
    copying.send(30_000)
    assert first.stop() == 0
    copying.send(10_000)
    copying.wait_for_all()
    # By the ids of their memberships: on a busy machine a worker may be expelled and join anew.
    assert not fenced(first) & memberships(second), "a living worker is not fenced"
    assert fenced(second) & memberships(first), "the one that has left is"


def memberships(worker: Worker) -> set[str]:
    return set(re.findall(r"Joined group .* with member_id (\S+)", worker.log))


def fenced(worker: Worker) -> set[str]:
    """The members whose transactional ids it fenced."""
    return set(re.findall(r"fencing [^:\s]+:([^\s,]+), ", worker.log))


def test_a_worker_that_stops_leaves_before_its_app_has_shut_down(
    copying: Copying, tmp_path: Path
) -> None:
    shutting_down = tmp_path / "shutting-down"
    shutting_down.touch()
    leaving = copying.worker(ENGINE_STAY=str(shutting_down))
    leaving.wait_ready()
    staying = copying.worker()
    staying.wait_ready()
    leaving.send(signal.SIGTERM)
    copying.send(1_000)
    wait_until(lambda: len(staying.get("/health/ready")[1]["rows"]) == 4)
    copying.wait_for_all()
    assert leaving.is_running
    shutting_down.unlink()
    assert leaving.wait() == 0


def test_a_worker_that_wakes_up_after_its_partitions_moved_writes_nothing(copying: Copying) -> None:
    copying.send(60_000)
    sleeper = copying.worker()
    sleeper.wait_ready()
    copying.wait_for(2_000)
    sleeper.pause()
    other = copying.worker()
    copying.send(10_000)
    copying.wait_for_all()
    sleeper.cont()
    copying.send(5_000)
    copying.wait_for_all()
    time.sleep(3)
    copying.wait_for_all()
    assert sleeper.is_running, sleeper.log[-3000:]
    assert other.is_running


def test_a_worker_that_is_fenced_joins_anew_and_goes_on(copying: Copying) -> None:
    copying.send(1_000)
    worker = copying.worker()
    copying.wait_for_all()
    intruder = Producer(
        {
            "bootstrap.servers": copying.bootstrap,
            "transactional.id": copying.signature(0),
        }
    )
    intruder.init_transactions(30)
    copying.send(1_000, partition=0)
    copying.wait_for_all()
    assert "rejoining the consumer group: fenced" in worker.log
    assert worker.stop() == 0


def test_a_batch_whose_agent_raises_is_done_again(copying: Copying) -> None:
    copying.send_values(b"one", b"raise once", b"two")
    worker = copying.worker()
    copying.wait_for_all()
    assert "the record asked for it" in worker.log


def test_a_batch_that_fails_repeatedly_is_reported(copying: Copying) -> None:
    copying.send_values(b"one")
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.get("/health/ready")[1]["text"] == "working on 4 partitions"
    copying.send_values(b"raise always")
    deadline = time.monotonic() + 30
    while (found := worker.get("/health/ready")[1])["level"] != "bad":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert re.fullmatch(r".+-in-\d: failed \d times in a row: RuntimeError", found["text"])


def test_a_batch_that_waits_does_not_hold_up_a_rebalance_or_a_stop(copying: Copying) -> None:
    copying.send_values(b"wait 600")
    first = copying.worker()
    first.wait_ready()
    time.sleep(1)
    second = copying.worker()
    second.wait_ready()
    copying.send(100, partition=1)
    copying.send(100, partition=2)
    copying.wait_for(200)
    assert len(copying.copies()) == 200
    assert first.stop() == 0
    assert second.stop() == 0


def test_many_batches_of_a_partition_that_waits_leave_the_others_their_actors(
    copying: Copying,
) -> None:
    copying.send_values(b"wait 600", *(b"behind it %d" % number for number in range(200)))
    worker = copying.worker(ENGINE_MAX="1")
    worker.wait_ready()
    time.sleep(1)
    copying.send(20, partition=1)
    copying.wait_for(20)
    assert len(copying.copies()) == 20
    assert worker.stop() == 0


def test_a_restart_reads_the_row_and_not_the_whole_changelog(copying: Copying) -> None:
    """400 transactions of one record; the restarted worker is at the end at once."""
    copying.send(400)
    first = copying.worker(ENGINE_MAX="1")
    first.wait_ready()
    # By its rows, not by reading: the end of a topic that goes on in small transactions moves on.
    deadline = time.monotonic() + 200
    while sum(at or 0 for at in first.get("/health/ready")[1]["rows"].values()) < 400:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    copying.wait_for_all()
    assert first.stop() == 0
    second = copying.worker()
    second.wait_ready()
    rows = second.get("/health/ready")[1]["rows"]
    assert sum(rows.values()) == 400
    took = [line for line in second.log.splitlines() if "restored" in line]
    assert len(took) == 1
    copying.send(10)
    copying.wait_for_all()


def test_rows_can_be_kept_in_rocksdb(copying: Copying) -> None:
    copying.send(1_000)
    first = copying.worker(ENGINE_STORE="rocksdb://")
    copying.wait_for_all()
    assert first.stop() == 0
    first.start()
    copying.send(1_000)
    copying.wait_for_all()


def test_the_broker_may_be_killed_and_come_back(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka()
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send(30_000)
    worker = copying.worker()
    worker.wait_ready()
    server.kill()
    time.sleep(2)
    server.start()
    copying.send(5_000)
    copying.wait_for_all(timeout=90)
    assert worker.is_running
    # With nothing under way, a producer alone would wait for a coordinator that it has lost.
    before = len(worker.log)
    server.kill()
    server.start()
    copying.send(1_000)
    copying.wait_for_all()
    assert "a new producer" in worker.log[before:]
    assert "no commit in" not in worker.log[before:]
    copying.send(5_000)
    server.kill()
    assert worker.stop(timeout=10) == 0


def test_an_outage_that_outlasts_a_transaction_ends_no_worker(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka()
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    worker = copying.worker(ENGINE_COMMIT_TIMEOUT="2", ENGINE_MAX="20")
    worker.wait_ready()
    # Twenty to a batch that take 0.4 s: whenever the broker goes, a transaction is under way.
    copying.send_values(*[b"wait 0.02"] * 300)
    wait_until(lambda: len(copying.copies()) > 0)
    server.kill()
    wait_until(lambda: "no commit in 2 s" in worker.log)
    time.sleep(1)
    server.start()
    copying.wait_for_all(timeout=90)
    assert worker.is_running
    assert worker.stop() == 0


def test_the_embedded_broker_will_do_and_so_will_a_restart_on_it(
    embedded_broker: EmbeddedBroker, topic_prefix: str, start_worker: Start, tmp_path: Path
) -> None:
    copying = Copying(embedded_broker.address, topic_prefix, start_worker, ENGINE_DECLARE="0")
    copying.send(2_000)
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0
    worker.start()
    copying.send(500)
    copying.wait_for_all()
