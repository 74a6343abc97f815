"""Topics whose settings do not let the stream work, on a real Kafka that refuses what they say."""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaException

from cluster import changelog_topic
from cluster.single import control_topic, workers_topic
from cluster.startup import StartupError, check
from config import Settings
from tests.brokers import Kafka
from tests.topics import configure_topic, create_topic, produce, topic_config


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    names = ("accounts_topic", "verdicts_topic", "dead_letters_topic", "rules_topic", "app_id")
    short: dict[str, Any] = {name: f"{topic_prefix[-30:]}-{name}".strip("-") for name in names}
    return Settings(broker=kafka.url, **short)


def follow(kafka: Kafka, line: str) -> None:
    """Do what the line says."""
    command = re.search(r"--entity-name (\S+) --add-config (\S+)=([^\s,]+)", line)
    assert command is not None, line
    topic, name, value = command.groups()
    configure_topic(kafka.bootstrap, topic, {name: value})


@pytest.mark.parametrize(
    ("of", "config", "words"),
    [
        ("dead_letters_topic", {"cleanup.policy": "compact"}, "refuses dead letters without a key"),
        ("dead_letters_topic", {"cleanup.policy": "compact,delete"}, "cleanup.policy=compact"),
        ("verdicts_topic", {"message.timestamp.before.max.ms": "0"}, "before.max.ms=0: "),
        ("dead_letters_topic", {"message.timestamp.after.max.ms": "9"}, "after.max.ms=9: "),
        ("rules_topic", {"cleanup.policy": "delete"}, "deletes the active rule set"),
        ("rules_topic", {"cleanup.policy": "compact,delete"}, "cleanup.policy=compact"),
    ],
)
def test_an_output_that_cannot_work_ends_the_start_and_the_remedy_helps(
    kafka: Kafka,
    settings: Settings,
    of: str,
    config: dict[str, str],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    check(settings, timeout=0)
    topic = getattr(settings, of)
    configure_topic(kafka.bootstrap, topic, config)
    with pytest.raises(StartupError) as caught:
        check(settings, timeout=0)
    line = str(caught.value)
    assert line.startswith(f"topic {topic} has ")
    assert words in line
    assert "\n" not in line
    follow(kafka, line)
    check(settings, timeout=0)
    assert caplog.records == []


def test_the_broker_does_refuse_dead_letters_in_a_compacted_topic(
    kafka: Kafka, topic_prefix: str
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 1, config={"cleanup.policy": "compact"})
    with pytest.raises(KafkaException):
        produce(kafka.bootstrap, topic_prefix, [b"x"], client={"message.timeout.ms": 3_000})


@pytest.mark.parametrize(
    ("of", "config", "words"),
    [
        ("verdicts_topic", {"cleanup.policy": "compact"}, "all but the last verdict of a card"),
        ("accounts_topic", {"cleanup.policy": "compact"}, "Kafka deletes accounts that wait"),
        ("accounts_topic", {"retention.ms": "60000"}, "longer than 60 s"),
        ("verdicts_topic", {"retention.ms": "60000"}, "FRAUD_VERDICTS_RETENTION says for 7 days"),
        ("verdicts_topic", {"message.timestamp.before.max.ms": "60000"}, "before.max.ms=60000"),
        ("verdicts_topic", {"max.message.bytes": "1000"}, "batches of up to"),
        ("verdicts_topic", {"min.insync.replicas": "2"}, "min.insync.replicas=2 and 1 copy"),
    ],
)
def test_a_topic_that_loses_or_may_refuse_records_is_one_warning(
    kafka: Kafka,
    settings: Settings,
    of: str,
    config: dict[str, str],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    create_topic(kafka.bootstrap, getattr(settings, of), 4, config=config)
    check(settings, timeout=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    line = record.getMessage()
    assert line.startswith(f"topic {getattr(settings, of)} has ")
    assert words in line
    follow(kafka, line)
    caplog.clear()
    check(settings, timeout=0)
    assert caplog.records == []


def test_a_changelog_from_which_rows_are_deleted_is_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.bootstrap, changelog_topic(settings), 4)
    check(settings, timeout=0)
    [record] = caplog.records
    assert "has cleanup.policy=delete: Kafka deletes the rows" in record.getMessage()
    follow(kafka, record.getMessage())
    caplog.clear()
    check(settings, timeout=0)
    assert caplog.records == []


def test_a_rules_topic_that_takes_no_large_set_is_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.bootstrap, settings.rules_topic, 1, config={"cleanup.policy": "compact"})
    check(settings, timeout=0)
    [record] = caplog.records
    assert "max.message.bytes=1048588: it refuses large rule sets" in record.getMessage()
    follow(kafka, record.getMessage())
    caplog.clear()
    check(settings, timeout=0)
    assert caplog.records == []


@pytest.mark.parametrize("topic", [workers_topic, control_topic])
def test_an_internal_topic_that_forgets_is_a_warning(
    kafka: Kafka,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    topic: Callable[[Settings], str],
) -> None:
    create_topic(kafka.bootstrap, topic(settings), 1)
    check(settings, timeout=0)
    [record] = caplog.records
    assert f"topic {topic(settings)} has cleanup.policy=delete: " in record.getMessage()
    follow(kafka, record.getMessage())
    caplog.clear()
    check(settings, timeout=0)
    assert caplog.records == []


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
    check(settings, timeout=0)
    config = topic_config(kafka.bootstrap, settings.dead_letters_topic)
    assert config["max.message.bytes"] == str(letters)
    assert caplog.records == []


def test_dead_letters_that_can_be_no_larger_than_accounts_are_a_warning(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_topic(kafka.bootstrap, settings.dead_letters_topic, 4)
    check(settings, timeout=0)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    line = record.getMessage()
    default = topic_config(kafka.bootstrap, settings.accounts_topic)["max.message.bytes"]
    for topic in (settings.dead_letters_topic, settings.accounts_topic):
        assert topic in line
    assert f"max.message.bytes={default}, " in line
    follow(kafka, line)
    caplog.clear()
    check(settings, timeout=0)
    assert caplog.records == []
