"""What a worker looks at before it connects, against real and embedded brokers."""

import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from cluster import changelog_topic
from cluster.startup import StartupError, StartupStopped, check
from config import Settings
from records import PartitionCounts
from tests.brokers import Kafka
from tests.topics import configure_topic, create_topic, produce, topic_config
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker, KafkaServer, free_port

ROOT = Path(__file__).parents[2]
StartKafka = Callable[..., KafkaServer]
StartWorker = Callable[..., Worker]


def named(prefix: str, broker: str, **others: Any) -> Settings:
    topics = {
        name: f"{prefix}-{name}" for name in ("accounts_topic", "verdicts_topic", "app_id")
    } | {"dead_letters_topic": f"{prefix}-dead"}
    return Settings(broker=broker, **{**topics, **others})


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return named(topic_prefix, kafka.url)


def partitions(settings: Settings, bootstrap: str) -> dict[str, int]:
    found = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics
    wanted = [*settings.topics, changelog_topic(settings)]
    return {name: len(found[name].partitions) for name in wanted if name in found}


def commit_row(bootstrap: str, settings: Settings, partition: int, next_offset: int) -> None:
    row = PartitionCounts(next_offset=next_offset).dumps(serializer="json")
    changelog = changelog_topic(settings)
    produce(bootstrap, changelog, [row], partition=partition, key=b"%d" % partition)


def refused(settings: Settings, **options: Any) -> str:
    with pytest.raises(StartupError) as caught:
        check(settings, **{"patience": 0, **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_topics_are_created(kafka: Kafka, settings: Settings) -> None:
    check(settings, patience=0)
    assert partitions(settings, kafka.bootstrap) == dict.fromkeys(
        [*settings.topics, changelog_topic(settings)], 4
    )


def test_the_changelog_is_compacted_in_small_segments(kafka: Kafka, settings: Settings) -> None:
    check(settings, patience=0)
    config = topic_config(kafka.bootstrap, changelog_topic(settings))
    assert config["cleanup.policy"] == "compact"
    assert int(config["segment.bytes"]) < 100_000_000


@pytest.mark.parametrize(("accounts", "letters"), [(None, 16_777_216), (40_000_000, 40_004_096)])
def test_the_dead_letters_are_made_larger_than_the_accounts(
    kafka: Kafka,
    settings: Settings,
    accounts: int | None,
    letters: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if accounts:
        limit = {"max.message.bytes": str(accounts)}
        create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=limit)
    check(settings, patience=0)
    config = topic_config(kafka.bootstrap, settings.dead_letters_topic)
    assert config["max.message.bytes"] == str(letters)
    assert caplog.records == []


def test_dead_letters_that_can_be_no_larger_than_accounts_are_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.bootstrap, settings.dead_letters_topic, 4)
    check(settings, patience=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    line = record.getMessage()
    default = topic_config(kafka.bootstrap, settings.accounts_topic)["max.message.bytes"]
    for topic in (settings.dead_letters_topic, settings.accounts_topic):
        assert topic in line
    assert f"max.message.bytes={default}, " in line
    enough = line.rpartition("max.message.bytes=")[2]
    configure_topic(kafka.bootstrap, settings.dead_letters_topic, {"max.message.bytes": enough})
    caplog.clear()
    check(settings, patience=0)
    assert caplog.records == []


def test_nothing_is_created_when_all_is_there(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, patience=0)
    check(settings, patience=0)
    assert caplog.records == []


def test_workers_that_start_together_do_not_disturb_each_other(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        for started in [pool.submit(check, settings, patience=0) for _ in range(4)]:
            started.result(60)


@pytest.mark.parametrize("which", ["accounts_topic", "verdicts_topic", "dead_letters_topic"])
def test_other_partitions_are_an_error_that_names_both_numbers(
    kafka: Kafka, settings: Settings, which: str
) -> None:
    topic = getattr(settings, which)
    create_topic(kafka.bootstrap, topic, 3)
    line = refused(settings)
    assert f"topic {topic} has 3 partitions, FRAUD_PARTITIONS says 4" in line
    assert "set FRAUD_PARTITIONS=3" in line
    # Nothing was created that would be in the way of the remedy.
    assert partitions(settings, kafka.bootstrap) == {topic: 3}


def test_too_few_brokers_for_the_replicas_are_told(kafka: Kafka, topic_prefix: str) -> None:
    line = refused(named(topic_prefix, kafka.url, replication_factor=3))
    assert "FRAUD_REPLICATION_FACTOR=3" in line


def test_topics_to_be_made_by_others_are_asked_for(own_kafka: StartKafka) -> None:
    server = own_kafka(properties={"auto.create.topics.enable": "false"})
    settings = named("by-others", f"kafka://{server.bootstrap}", create_topics=False)
    for name in settings.topics:
        create_topic(server.bootstrap, name, 4)
    line = refused(settings)
    assert f"no topic {changelog_topic(settings)}, FRAUD_CREATE_TOPICS is 0" in line
    assert "with 4 partitions" in line
    create_topic(server.bootstrap, changelog_topic(settings), 4)
    check(settings, patience=0)


def test_the_embedded_broker_lets_topics_appear(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    check(settings, patience=0)
    assert len(partitions(settings, embedded_broker.address)) == 4
    line = refused(Settings(broker=embedded_broker.url, create_topics=False, partitions=8))
    assert "set FRAUD_PARTITIONS=4" in line


def test_a_topic_that_was_made_anew_is_told(kafka: Kafka, settings: Settings) -> None:
    check(settings, patience=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 5, partition=2)
    commit_row(kafka.bootstrap, settings, 2, 5)
    check(settings, patience=0)
    commit_row(kafka.bootstrap, settings, 2, 6)
    line = refused(settings)
    assert f"{settings.accounts_topic}-2 ends at offset 5" in line
    assert "another FRAUD_APP_ID" in line
    assert changelog_topic(settings) in line


def test_accounts_that_were_deleted_unjudged_are_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, patience=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 9, partition=1)
    commit_row(kafka.bootstrap, settings, 1, 2)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    gone = [TopicPartition(settings.accounts_topic, 1, 7)]
    for done in admin.delete_records(gone).values():
        done.result(30)
    check(settings, patience=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "begins at offset 7: 5 offsets from 2 on" in record.getMessage()


def test_a_foreign_changelog_is_an_error(kafka: Kafka, settings: Settings) -> None:
    check(settings, patience=0)
    produce(kafka.bootstrap, changelog_topic(settings), [b"[]"], partition=0, key=b"0")
    assert "a row that is none of ours" in refused(settings)


def test_a_silent_broker_is_told_after_growing_pauses(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    began = time.monotonic()
    line = refused(named("x", f"kafka://127.0.0.1:{port}"), patience=9)
    assert 9 <= time.monotonic() - began < 20
    assert f"127.0.0.1:{port}" in line
    assert "Connection refused" in line
    assert "FRAUD_BROKER" in line
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert 1 <= len(caplog.records) <= 3
    assert capfd.readouterr() == ("", "")


def test_a_broker_that_comes_up_late_is_waited_for(
    tmp_path: Path, own_kafka: StartKafka, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    settings = named("late", f"kafka://127.0.0.1:{port}")
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(check, settings, patience=60)
        deadline = time.monotonic() + 60
        while "trying again" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        own_kafka(port=port)
        started.result(60)


def test_a_stop_ends_the_waiting() -> None:
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(StartupStopped):
        check(named("x", f"kafka://127.0.0.1:{free_port()}"), patience=60, stop=stop)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting(number: signal.Signals) -> None:
    code = (
        "import startup; from settings import Settings; print('here', flush=True);"
        f"startup.check(Settings(broker='kafka://127.0.0.1:{free_port()}'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        time.sleep(1)
        process.send_signal(number)
        assert process.wait(5) != 0


def nowhere() -> dict[str, str]:
    """The environment of a worker whose broker is not there."""
    return {"FRAUD_BROKER": f"kafka://127.0.0.1:{free_port()}"}


def told(worker: Worker) -> list[str]:
    """What it wrote besides the log's events."""
    return [line for line in worker.log.splitlines() if not re.match(r"\[\d", line)]


def wait_until_it_waits(worker: Worker) -> None:
    deadline = time.monotonic() + 60
    while "trying again" not in worker.log:
        assert worker.is_running, worker.log
        assert time.monotonic() < deadline, worker.log
        time.sleep(0.1)


def test_a_taken_web_port_ends_the_worker_in_one_line(start_worker: StartWorker) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        worker = start_worker(nowhere(), web_port=port)
        without_web = start_worker(nowhere(), web_port=port, arguments=["--without-web"])
        assert worker.wait(60) == 1
        (line,) = told(worker)
        assert line.startswith(f"fraud_app: port {port} of 127.0.0.1 is taken")
        # Without a web it is nobody's business, and the brokers are next.
        wait_until_it_waits(without_web)


def test_a_web_host_of_another_machine_ends_the_worker_in_one_line(
    start_worker: StartWorker,
) -> None:
    worker = start_worker(nowhere() | {"FRAUD_WEB_HOST": "192.0.2.1"})
    assert worker.wait(60) == 1
    (line,) = told(worker)
    assert line.startswith("fraud_app: the web cannot be served on '192.0.2.1' (")


def test_a_worker_that_is_stopped_while_it_waits_says_so(start_worker: StartWorker) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    workers = [start_worker(nowhere()) for _ in numbers]
    for worker, number in zip(workers, numbers, strict=True):
        wait_until_it_waits(worker)
        worker.send(number)
        assert worker.wait() == 128 + number
        assert told(worker) == [f"fraud_app: stopped by {number.name} before it had started"]
