"""What a worker looks at before it connects, against real and embedded brokers."""

import logging
import re
import signal
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
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    NewPartitions,
)
from faust_transactions import TopicIdentity, topic_ids

from cli.rebuild.rebuilding import rebuild
from cluster import ClusterError, changelog_topic
from cluster.reading.first_partition import append, read_all
from cluster.reading.publications import publish
from cluster.reading.rows import last_rows, rows_in
from cluster.single import control_topic, single_topics, workers_topic
from cluster.startup import StartupError, StartupStopped, check
from config import Settings
from records import PartitionCounts, Verdict
from rules.versions.publication import Publication
from tests.brokers import Kafka
from tests.topics import create_topic, delete_topic, produce, topic_config
from tests.verdicts import written
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker, KafkaServer, free_port

ROOT = Path(__file__).parents[3]
CHOICES = (
    "restore the former topic, or process this one under another FRAUD_APP_ID with outputs of its "
    "own (FRAUD_VERDICTS_TOPIC, FRAUD_DEAD_LETTERS_TOPIC); run reconcile first: it says whether "
    "accounts of this topic are judged already"
)
StartKafka = Callable[..., KafkaServer]
StartWorker = Callable[..., Worker]


def named(prefix: str, broker: str, **others: Any) -> Settings:
    topics = {
        name: f"{prefix}-{name}"
        for name in ("accounts_topic", "verdicts_topic", "rules_topic", "app_id")
    } | {"dead_letters_topic": f"{prefix}-dead"}
    return Settings(broker=broker, **{**topics, **others})


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return named(topic_prefix, kafka.url)


def partitions(settings: Settings, bootstrap: str) -> dict[str, int]:
    found = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics
    wanted = [*settings.topics, changelog_topic(settings), *single_topics(settings)]
    return {name: len(found[name].partitions) for name in wanted if name in found}


def identity(settings: Settings) -> TopicIdentity:
    topic = settings.accounts_topic
    found = topic_ids({"bootstrap.servers": settings.broker.removeprefix("kafka://")}, [topic])
    assert found[topic] is not None
    return TopicIdentity(topic, found[topic])


def commit_row(
    bootstrap: str,
    settings: Settings,
    partition: int,
    next_offset: int,
    source: TopicIdentity | None = None,
) -> None:
    """As a worker does, with the last verdict; without `source` as one of version 0.1 did."""
    if next_offset:
        verdict = written(settings.accounts_topic, partition, next_offset - 1)
        produce(bootstrap, settings.verdicts_topic, [verdict], partition=partition)
    row = PartitionCounts(next_offset=next_offset).dumps(serializer="json")
    headers = source.headers() if source else ()
    key = b"%d" % partition
    changelog = changelog_topic(settings)
    produce(bootstrap, changelog, [row], partition=partition, key=key, headers=headers)


def add_partitions(bootstrap: str, topic: str, number: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.create_partitions([NewPartitions(topic, number)]).values():
        done.result(30)


def refused(settings: Settings, **options: Any) -> str:
    with pytest.raises(StartupError) as caught:
        check(settings, **{"timeout": 0, **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_topics_are_created(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    four = dict.fromkeys([*settings.topics, changelog_topic(settings)], 4)
    one = dict.fromkeys([settings.rules_topic, workers_topic(settings), control_topic(settings)], 1)
    assert partitions(settings, kafka.bootstrap) == four | one


def test_the_rules_are_kept_and_their_topic_takes_the_largest(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    config = topic_config(kafka.bootstrap, settings.rules_topic)
    assert config["cleanup.policy"] == "compact"
    publish(settings, Publication("0123456789ab", '"\n' * 450_000, 1))
    for topic in (workers_topic(settings), control_topic(settings)):
        assert topic_config(kafka.bootstrap, topic)["cleanup.policy"] == "compact"


@pytest.mark.parametrize("topic_of", [control_topic, workers_topic, lambda s: s.rules_topic])
def test_of_a_topic_that_brokers_made_the_first_partition_is_used(
    kafka: Kafka,
    settings: Settings,
    topic_of: Callable[[Settings], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As after it was deleted under running workers: their questions bring it back at once."""
    topic = topic_of(settings)
    create_topic(kafka.bootstrap, topic, 4, config={"cleanup.policy": "compact"})
    check(settings, timeout=0)
    said = [each.getMessage() for each in caplog.records if each.name == "cluster.topics"]
    (line,) = [each for each in said if "partitions" in each]
    assert line.startswith(f"topic {topic} has 4 partitions, not 1: only the first one is used.")
    assert line.endswith("publish the rules again") == (topic == settings.rules_topic)
    # Records without the key that would choose another partition.
    for key in (b"a", b"b", b"c", b"d", b"e"):
        append(settings, topic, key, b"{}")
    assert [each.key for each in read_all(settings, topic)] == [b"a", b"b", b"c", b"d", b"e"]


def test_a_changelog_that_brokers_made_with_more_partitions_is_to_be_made_anew(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    create_topic(kafka.bootstrap, changelog_topic(settings), 6)
    line = refused(settings)
    assert line.startswith(f"topic {changelog_topic(settings)} has 6 partitions, topic ")
    assert f"delete topic {changelog_topic(settings)} and run" in line
    with pytest.raises(ClusterError) as caught:
        rebuild(settings)
    assert str(caught.value) == line


def test_the_changelog_is_compacted_in_small_segments(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    config = topic_config(kafka.bootstrap, changelog_topic(settings))
    assert config["cleanup.policy"] == "compact"
    assert int(config["segment.bytes"]) < 100_000_000


def test_the_verdicts_are_kept_as_long_as_is_set(kafka: Kafka, settings: Settings) -> None:
    check(settings.model_copy(update={"verdicts_retention": 30}), timeout=0)
    config = topic_config(kafka.bootstrap, settings.verdicts_topic)
    assert config["retention.ms"] == str(30 * 24 * 60 * 60 * 1_000)


def test_nothing_is_created_when_all_is_there(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, timeout=0)
    check(settings, timeout=0)
    assert caplog.records == []


def test_workers_that_start_together_do_not_disturb_each_other(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        for started in [pool.submit(check, settings, timeout=0) for _ in range(4)]:
            started.result(60)


@pytest.mark.parametrize("which", ["accounts_topic", "verdicts_topic", "dead_letters_topic"])
def test_other_partitions_are_an_error_that_names_both_numbers(
    kafka: Kafka, settings: Settings, which: str
) -> None:
    topic = getattr(settings, which)
    create_topic(kafka.bootstrap, topic, 3)
    line = refused(settings)
    assert f"topic {topic} has 3 partitions, FRAUD_PARTITIONS says 4" in line
    assert line.endswith("set FRAUD_PARTITIONS=3")
    # Nothing was created that would be in the way of the remedy.
    assert partitions(settings, kafka.bootstrap) == {topic: 3}


def test_partitions_that_were_added_to_the_accounts_are_added_to_the_other_topics(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    add_partitions(kafka.bootstrap, settings.accounts_topic, 6)
    line = refused(settings)
    assert f"topic {settings.accounts_topic} has 6 partitions, FRAUD_PARTITIONS says 4" in line
    assert line.endswith("and set FRAUD_PARTITIONS=6")
    # What the line says is enough.
    commands = re.findall(r"--alter --topic (\S+) --partitions (\d+)", line)
    others = [settings.verdicts_topic, settings.dead_letters_topic, changelog_topic(settings)]
    assert sorted(commands) == sorted((topic, "6") for topic in others)
    for topic, number in commands:
        add_partitions(kafka.bootstrap, topic, int(number))
    check(settings.model_copy(update={"partitions": 6}), timeout=0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "set FRAUD_SESSION_TIMEOUT to 6 to 1800 seconds"),
        (1801, "group.max.session.timeout.ms=1800000"),
    ],
)
def test_a_session_timeout_that_the_brokers_refuse_is_an_error(
    settings: Settings, seconds: float, words: str
) -> None:
    changes = {"session_timeout": seconds, "heartbeat_interval": 1.0}
    line = refused(settings.model_copy(update=changes))
    assert line.startswith(f"FRAUD_SESSION_TIMEOUT is {seconds}, but the brokers have group.m")
    assert words in line


def test_too_few_brokers_for_the_replicas_are_reported(kafka: Kafka, topic_prefix: str) -> None:
    line = refused(named(topic_prefix, kafka.url, replication_factor=3))
    assert "FRAUD_REPLICATION_FACTOR=3" in line


def test_topics_to_be_made_by_others_are_asked_for(own_kafka: StartKafka) -> None:
    server = own_kafka(properties={"auto.create.topics.enable": "false"})
    settings = named("by-others", f"kafka://{server.bootstrap}", create_topics=False)
    for name in settings.topics:
        create_topic(server.bootstrap, name, 4)
    create_topic(server.bootstrap, settings.rules_topic, 1, config={"cleanup.policy": "compact"})
    line = refused(settings)
    changelog, workers = changelog_topic(settings), workers_topic(settings)
    control = control_topic(settings)
    assert f"no topic {control}, {changelog}, {workers}, FRAUD_CREATE_TOPICS is 0" in line
    assert line.endswith(
        f"create {control} with 1 partition and cleanup.policy=compact, "
        f"{changelog} with 4 partitions and cleanup.policy=compact, "
        f"{workers} with 1 partition and cleanup.policy=compact"
    )
    create_topic(server.bootstrap, changelog, 4)
    for topic in (control, workers):
        create_topic(server.bootstrap, topic, 1)
    check(settings, timeout=0)


def test_the_embedded_broker_lets_topics_appear(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    check(settings, timeout=0)
    assert len(partitions(settings, embedded_broker.address)) == 7
    line = refused(Settings(broker=embedded_broker.url, create_topics=False, partitions=8))
    assert "set FRAUD_PARTITIONS=4" in line


def test_accounts_that_end_before_what_was_judged_are_an_error(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 5, partition=2)
    commit_row(kafka.bootstrap, settings, 2, 5)
    check(settings, timeout=0)
    commit_row(kafka.bootstrap, settings, 2, 6)
    line = refused(settings)
    assert f"{settings.accounts_topic}-2 ends at offset 5" in line
    assert "re-created or lost records" in line
    assert changelog_topic(settings) in line
    assert line.endswith(CHOICES)


def test_a_topic_that_was_re_created_is_an_error_however_many_accounts_it_has(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    former = identity(settings)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 5, partition=2)
    commit_row(kafka.bootstrap, settings, 2, 5, former)
    check(settings, timeout=0)
    delete_topic(kafka.bootstrap, settings.accounts_topic)
    line = refused(settings)
    assert line.startswith(f"topic {settings.accounts_topic} does not exist, but topic ")
    # Nor is it made again, which would be in the way of a copy that is restored.
    assert settings.accounts_topic not in partitions(settings, kafka.bootstrap)
    create_topic(kafka.bootstrap, settings.accounts_topic, 4)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 9, partition=2)
    line = refused(settings)
    assert line.startswith(f"topic {settings.accounts_topic} was re-created since its partition 2 ")
    assert f"(topic id {former.topic_id}, now {identity(settings).topic_id})" in line
    assert line.endswith(CHOICES)
    # The choice that the line offers.
    outputs = {"verdicts_topic": "v", "dead_letters_topic": "d", "app_id": "a"}
    others = {name: f"{settings.app_id}-{end}" for name, end in outputs.items()}
    check(settings.model_copy(update=others), timeout=0)


def test_the_rows_of_another_accounts_topic_are_an_error(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    commit_row(kafka.bootstrap, settings, 0, 0, identity(settings))
    other = settings.model_copy(update={"accounts_topic": f"{settings.app_id}-2"})
    line = refused(other)
    assert line.startswith(
        f"{settings.app_id} has judged topic {settings.accounts_topic}, FRAUD_ACCOUNTS_TOPIC is "
        f"{other.accounts_topic}: set FRAUD_ACCOUNTS_TOPIC={settings.accounts_topic}, or "
    )
    check(settings, timeout=0)


def test_accounts_that_were_deleted_unjudged_are_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"] * 9, partition=1)
    commit_row(kafka.bootstrap, settings, 1, 2)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    gone = [TopicPartition(settings.accounts_topic, 1, 7)]
    for done in admin.delete_records(gone).values():
        done.result(30)
    check(settings, timeout=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "begins at offset 7: 5 offsets from 2 on" in record.getMessage()


def test_a_foreign_changelog_is_an_error(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, changelog_topic(settings), [b"[]"], partition=0, key=b"0")
    assert "a row that cannot be read (partition 0, offset 0)" in refused(settings)


def test_the_documented_script_writes_the_row_before_an_unreadable_one_again(
    kafka: Kafka, settings: Settings
) -> None:
    check(settings, timeout=0)
    commit_row(kafka.bootstrap, settings, 3, 7)
    changelog = changelog_topic(settings)
    before = last_rows(settings)[3]
    produce(kafka.bootstrap, changelog, [b"[]"], partition=3, key=b"3")
    assert "cannot be read (partition 3, offset" in refused(settings)

    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    script = page.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    bad = str(last_rows(settings)[3].offset)
    done = subprocess.run(
        [sys.executable, "-c", script, kafka.bootstrap, changelog, "3", bad],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith("not written: 0\n")
    after = last_rows(settings)[3]
    assert (after.value, after.headers) == (before.value, before.headers)
    assert rows_in(changelog, last_rows(settings))[3].next_offset == 7


def test_a_silent_broker_is_reported_after_growing_pauses(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    began = time.monotonic()
    line = refused(named("x", f"kafka://127.0.0.1:{port}"), timeout=9)
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
        started = pool.submit(check, settings, timeout=60)
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
        check(named("x", f"kafka://127.0.0.1:{free_port()}"), timeout=60, stop=stop)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting(number: signal.Signals) -> None:
    code = (
        "from cluster.startup import check; from config import Settings; print('here', flush=True);"
        f"check(Settings(broker='kafka://127.0.0.1:{free_port()}'))"
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


def verdict_of(topic: str) -> bytes:
    verdict = Verdict(
        id=f"{topic}-0-0",
        topic=topic,
        partition=0,
        offset=0,
        account="9f",
        card="1",
        amount=1.0,
        authorized=True,
        reasons=(),
        verified_at=0,
    )
    return bytes(verdict.dumps(serializer="json"))


def test_outputs_shared_with_another_stream_are_one_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, timeout=0)
    own, others = settings.accounts_topic, f"{settings.accounts_topic}-of-others"
    verdicts = [verdict_of(others), b"{}", b"no verdict", verdict_of("\n"), verdict_of(own)]
    produce(kafka.bootstrap, settings.verdicts_topic, verdicts, partition=1)
    headers = [("topic", others.encode()), ("error", b"x")]
    letters = settings.dead_letters_topic
    produce(kafka.bootstrap, letters, [b"x"], partition=3, headers=headers)
    produce(kafka.bootstrap, letters, [b"x"], partition=3)
    assert caplog.records == []
    check(settings, timeout=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    line = record.getMessage()
    for topic in (settings.verdicts_topic, letters):
        assert f"topic {topic} holds records of accounts topic {others}" in line
    assert "its own FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC" in line


def test_outputs_of_this_stream_alone_are_no_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"x"], partition=0)
    commit_row(kafka.bootstrap, settings, 0, 1)
    produce(kafka.bootstrap, settings.verdicts_topic, [verdict_of(settings.accounts_topic)] * 3)
    check(settings, timeout=0)
    assert caplog.records == []
