"""A replay that watches what becomes of what it sends, on a real Kafka."""

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, TopicPartition

from cli.dead_letters.replay_outcomes import Outcomes
from cli.dead_letters.replay_sending import Replaying
from cli.support.errors import CommandError
from config import Settings
from records.replay import Replay
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, dead_letter
from tests.integration.commands.test_dead_letters import listed_ids, replayed
from tests.integration.stream.test_stream import ARTICLE
from tests.topics import produce, read_topic
from tests.worker import Worker

WATCHED = Replaying(0.1)


@pytest.fixture
def worker(kafka: Kafka, settings: Settings, start_worker: Callable[..., Worker]) -> Worker:
    names = ("app_id", "accounts_topic", "verdicts_topic", "dead_letters_topic")
    env = {Settings.env_name(name): getattr(settings, name) for name in names}
    worker = start_worker({"FRAUD_BROKER": kafka.url, "FRAUD_PRODUCE_SIZE": "0", **env})
    worker.wait_ready()
    return worker


def bury(settings: Settings, number: int, *, value: bytes, code: str) -> None:
    """As if an earlier worker had done so; of partition 3, far away from what is judged here."""
    stream = StreamByHand(settings)
    stream.producer.begin_transaction()
    for offset in range(1_000_000, 1_000_000 + number):
        stream.bury(dead_letter(settings, 3, offset, value=value, code=code))
    stream.commit()


def test_it_stops_by_itself_when_nothing_is_fixed_and_live_accounts_go_on(
    kafka: Kafka, settings: Settings, worker: Worker
) -> None:
    bury(settings, 3_000, value=b"garbage", code="not_json")
    stopped = (
        "stopped: of the last 100 sent, 100 are dead letters again .not_json 100.; 2,900 not sent"
    )
    for sent in (100, 200):
        with pytest.raises(CommandError, match=stopped if sent == 100 else "2,800 not sent"):
            replayed(settings, how=WATCHED, codes=frozenset({"not_json"}))
        assert len(read_topic(kafka.bootstrap, settings.accounts_topic)) == sent
        assert len(listed_ids(settings, limit=0)) == 3_000 + sent
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 50)
    deadline = time.monotonic() + 60
    while len(read_topic(kafka.bootstrap, settings.verdicts_topic)) < 50:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert worker.get("/health/ready")[0] == 200


def test_it_sends_all_when_they_are_judged(
    kafka: Kafka, settings: Settings, worker: Worker
) -> None:
    bury(settings, 350, value=ARTICLE, code="veritas_failed")
    text = replayed(settings, how=WATCHED, codes=frozenset({"veritas_failed"}))
    assert "350 dead letters acknowledged" in text
    assert "dead letters again" not in text
    # It waited for them.
    assert len(read_topic(kafka.bootstrap, settings.verdicts_topic)) == 350


def test_a_few_that_fail_again_are_reported_and_stop_nothing(
    settings: Settings, worker: Worker
) -> None:
    bury(settings, 9, value=b"garbage", code="not_json")
    text = replayed(settings, how=WATCHED)
    assert "9 dead letters acknowledged" in text
    assert "9 became dead letters again: not_json 9" in text


def test_without_a_worker_nothing_is_sent(kafka: Kafka, settings: Settings) -> None:
    bury(settings, 1, value=b"garbage", code="not_json")
    # The group is known, as a worker was there once.
    group = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": settings.app_id})
    group.commit(offsets=[TopicPartition(settings.accounts_topic, 3, 1)], asynchronous=False)
    group.close()
    with pytest.raises(CommandError, match=r"no worker is running.* --max-failed 100%; nothing"):
        replayed(settings, how=WATCHED)
    assert read_topic(kafka.bootstrap, settings.accounts_topic) == []


def test_outcomes_are_those_of_the_records_that_were_sent(settings: Settings) -> None:
    stream = StreamByHand(settings)
    ours = Replay(f"{settings.accounts_topic}-1-7", 2)
    stream.producer.begin_transaction()
    stream.bury(dead_letter(settings, 2, 0, replay=ours))
    stream.commit()
    outcomes = Outcomes(settings, lambda replay: replay == ours)
    stream.producer.begin_transaction()
    for offset, replay in enumerate((None, ours, Replay(ours.origin, 1), Replay("other-1-7", 2))):
        stream.bury(dead_letter(settings, 2, offset + 1, replay=replay, code="empty"))
    stream.commit()
    assert outcomes.failed() == Counter(empty=1)
    assert outcomes.failed() == Counter()


def test_it_waits_until_the_rows_are_past_what_was_sent(settings: Settings) -> None:
    stream, stop = StreamByHand(settings), threading.Event()
    outcomes = Outcomes(settings, lambda _replay: True)
    stream.judge(1, [0, 1], next_offset=2)
    assert outcomes.wait({1: 2}, stop)
    assert not outcomes.wait({1: 2, 2: 1}, stop, stalled=0.5)
    stream.judge(2, [0], next_offset=1)
    assert outcomes.wait({1: 2, 2: 1}, stop)
    stop.set()
    assert not outcomes.wait({1: 3}, stop)
