"""The lag of partitions in which there is less to do than their offsets say."""

import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from cluster import Progress, Watch
from config import Settings
from records.totals import lag
from tests.brokers import Kafka
from tests.integration.commands.recorded import Recorded
from tests.promtool import promtool
from tests.topics import create_topic, produce
from tests.worker import Worker

ACCOUNT = b'{"FirstName":"A","LastName":"B","CreditCardNumber":"4111111111111111","Amount":1.0}'


def test_what_is_aborted_not_committed_yet_or_deleted_is_no_lag(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    promtool("--version")
    settings = Settings(
        broker=kafka.url,
        app_id=topic_prefix,
        accounts_topic=f"{topic_prefix}-in",
        verdicts_topic=f"{topic_prefix}-out",
        dead_letters_topic=f"{topic_prefix}-dead",
        produce_size=0,
    )
    topic = settings.accounts_topic
    create_topic(kafka.bootstrap, topic)
    # Before anything is judged, retention takes the beginning of one partition, and all of another.
    for partition in (1, 2):
        produce(kafka.bootstrap, topic, [ACCOUNT] * 100, partition=partition)
    delete_below(kafka.bootstrap, topic, {1: 60, 2: 100})
    assert lags(seen(settings)) == [0, 40, 0, 0]

    worker = start_worker(
        {
            f"FRAUD_{name.upper()}": str(value)
            for name, value in settings.model_dump(exclude_unset=True).items()
        }
    )
    worker.wait_ready()
    until(lambda: worker.get("/verdicts/")[1]["total"] == 40)
    assert lags(seen(settings)) == [0, 0, 0, 0]

    recorded = Recorded(tmp_path)
    recorded.watch(one=worker)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_prefix})
    producer.init_transactions(30)
    begin(producer, topic, 500)
    recorded.scrape(12)
    assert worker_lags(recorded) == [0, 0, 0, 0], "nobody can read what is open"
    producer.abort_transaction(30)
    for _ in range(12):
        begin(producer, topic, 20)
        producer.abort_transaction(30)
        recorded.scrape(2)
    recorded.scrape_until(lambda: worker_lags(recorded) == [0, 0, 0, 0])
    recorded.scrape(12)
    assert worker_lags(recorded) == [0, 0, 0, 0]
    recorded.assert_firing(silent={"NoProgress"})
    # Who does not read the accounts cannot know what became of their offsets.
    assert lags(seen(settings)) == [500 + 12 * 20 + 13, 0, 0, 0]


def begin(producer: Producer, topic: str, number: int) -> None:
    """A transaction that has written so many accounts, and is still open."""
    producer.begin_transaction()
    for _ in range(number):
        producer.produce(topic, ACCOUNT, partition=0)
    assert producer.flush(30) == 0


def delete_below(bootstrap: str, topic: str, offsets: dict[int, int]) -> None:
    """Delete the records below these offsets, as retention does."""
    wanted = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    client = AdminClient({"bootstrap.servers": bootstrap})
    for future in client.delete_records(wanted).values():
        future.result(30)


def seen(settings: Settings) -> Progress:
    """What everybody but the partition's worker goes by."""
    watch = Watch(settings)
    try:
        return watch.look(timeout=10)
    finally:
        watch.close()


def lags(progress: Progress) -> list[int | None]:
    return [lag(number, progress.rows, progress.begins, progress.ends) for number in range(4)]


def worker_lags(recorded: Recorded) -> list[float]:
    return list(recorded.last("faust_transactions_lag_records").values())


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
