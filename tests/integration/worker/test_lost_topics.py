"""What a start finds when the accounts topic or the changelog is gone, or an output unreadable."""

import logging

import pytest

from cluster import changelog_topic
from cluster.startup import check
from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, bootstrap, verdict
from tests.integration.stream.test_stream import ARTICLE
from tests.integration.worker.test_startup import CHOICES, partitions, refused
from tests.topics import create_topic, delete_topic, produce


@pytest.fixture
def judged(kafka: Kafka, settings: Settings, stream: StreamByHand) -> StreamByHand:
    """Of partition 0 five accounts are judged."""
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 5, partition=0)
    stream.judge(0, [0, 1, 2, 3], dead=[4], next_offset=5)
    check(settings, timeout=0)
    return stream


def test_a_lost_changelog_is_not_made_again_by_a_start(
    kafka: Kafka, settings: Settings, judged: StreamByHand
) -> None:
    """Workers that run would write the rows of some partitions into it."""
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    for _ in range(2):
        assert f"{settings.accounts_topic}-0 is judged up to offset 5, not 0" in refused(settings)
        assert changelog_topic(settings) not in partitions(settings, kafka.bootstrap)


def test_an_accounts_topic_that_was_lost_with_the_changelog_is_an_error(
    kafka: Kafka, settings: Settings, judged: StreamByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.startup.outcomes._SETTLED_AFTER", 0.0)
    accounts, changelog = settings.accounts_topic, changelog_topic(settings)
    for topic in (accounts, changelog):
        delete_topic(kafka.bootstrap, topic)
    line = refused(settings)
    assert line.startswith(f"topic {accounts} does not have accounts that were judged, and topic ")
    assert f"{accounts}-0 was judged up to offset 5" in line
    assert line.endswith(CHOICES.partition(";")[0].replace("the former topic", "both topics"))
    assert not {accounts, changelog} & partitions(settings, kafka.bootstrap).keys()
    # As when producers bring the topic back, or brokers both.
    create_topic(kafka.bootstrap, accounts)
    produce(kafka.bootstrap, accounts, [ARTICLE], partition=0)
    assert refused(settings) == line
    create_topic(kafka.bootstrap, changelog, config={"cleanup.policy": "compact"})
    assert refused(settings) == line
    # The choice that the line offers.
    outputs = {"verdicts_topic": "v", "dead_letters_topic": "d", "app_id": "a"}
    others = {name: f"{settings.app_id}-{end}" for name, end in outputs.items()}
    check(settings.model_copy(update=others), timeout=0)


def test_swapped_outputs_are_an_error(
    settings: Settings, judged: StreamByHand, caplog: pytest.LogCaptureFixture
) -> None:
    verdicts, letters = settings.verdicts_topic, settings.dead_letters_topic
    names = {"verdicts_topic": letters, "dead_letters_topic": verdicts}
    swapped = settings.model_copy(update=names)
    assert refused(swapped) == (
        f"topic {letters} (FRAUD_VERDICTS_TOPIC) has dead letters and topic {verdicts} "
        "(FRAUD_DEAD_LETTERS_TOPIC) has verdicts: FRAUD_VERDICTS_TOPIC and "
        "FRAUD_DEAD_LETTERS_TOPIC are swapped: swap them back, or, where they are right now, give "
        "this stream new outputs"
    )
    # As written by a worker whose start did not notice swapped names. Now they are right.
    produce(bootstrap(settings), letters, [verdict(settings, 0, 3)], partition=0)
    check(settings, timeout=0)
    line = f"topic {letters} (FRAUD_DEAD_LETTERS_TOPIC) has verdicts: run reconcile, which lists"
    assert line in caplog.text


def test_aborted_transactions_behind_the_last_outcome_hide_nothing(
    kafka: Kafka, settings: Settings, judged: StreamByHand
) -> None:
    for topic in settings.topics[1:]:
        judged.producer.begin_transaction()
        for _ in range(200):
            judged.producer.produce(topic, b"x", partition=0)
        judged.producer.abort_transaction(30)
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    assert f"{settings.accounts_topic}-0 is judged up to offset 5, not 0" in refused(settings)


def test_an_output_that_is_not_read_in_time_is_a_warning(
    kafka: Kafka,
    settings: Settings,
    judged: StreamByHand,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("cluster.reading.last_outcomes._TIMEOUT", 0.0)
    check(settings, timeout=0)
    lines = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    for topic, line in zip(settings.topics[1:], lines, strict=True):
        assert line.startswith(f"topic {topic} was not compared with topic ")
        # Without any time, the first question may be too late already.
        reasons = ("partitions 0 were not read to their ends", "Failed to get metadata")
        assert any(reason in line for reason in reasons)
    # Whether a changelog that is not there was lost, cannot be known then.
    delete_topic(kafka.bootstrap, changelog_topic(settings))
    line = refused(settings)
    assert line.startswith(f"topic {changelog_topic(settings)} does not exist, and topic ")
    assert changelog_topic(settings) not in partitions(settings, kafka.bootstrap)
