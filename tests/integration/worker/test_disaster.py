"""What was lost or restored from a copy: nothing is judged twice or lost in silence."""

import json
import time
from collections.abc import Callable

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from cluster import changelog_topic, topic_spans
from cluster.startup import StartupError, check
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, verdict
from tests.integration.stream.test_stream import ARTICLE, Stream, total, wait_for
from tests.integration.worker.test_startup import named
from tests.topics import create_topic, delete_topic, produce, read_topic
from tests.worker import Worker


def reset_offsets(stream: Stream, group: str, offset: int) -> None:
    """As `kafka-consumer-groups.sh --reset-offsets` does."""
    places = [TopicPartition(stream.accounts, partition, offset) for partition in range(4)]
    admin = AdminClient({"bootstrap.servers": stream.bootstrap})
    wanted = [ConsumerGroupTopicPartitions(group, places)]
    deadline = time.monotonic() + 30
    # Each partition has an error of its own, such as a coordinator that still loads the group.
    while any(
        place.error
        for done in admin.alter_consumer_group_offsets(wanted).values()
        for place in done.result(30).topic_partitions
    ):
        assert time.monotonic() < deadline, "the offsets were not reset in 30 s"


def test_a_deleted_changelog_is_noticed_and_rebuilt_from_the_outputs(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    changelog = f"{topic_prefix}-verdict_counts-changelog"
    worker = stream.worker()
    worker.wait_ready()
    assert stream.run("produce", "300", "--seed", "1").returncode == 0
    produce(stream.bootstrap, stream.accounts, [b"no account"] * 3, partition=1)
    wait_for(lambda: (total(worker), worker.get("/verdicts/")[1]["dead_letters"]), (300, 3))
    counts = worker.get("/verdicts/")[1]
    refused = stream.run("rebuild-rows", "--yes")
    assert refused.returncode == 1
    assert "stop all workers first: " in refused.stderr
    assert worker.stop() == 0
    unchanged = stream.run("rebuild-rows", "--yes")
    assert (unchanged.returncode, "nothing was written" in unchanged.stdout) == (0, True)

    delete_topic(stream.bootstrap, changelog)
    worker.start()
    assert worker.wait(60) == 1
    line = worker.log.splitlines()[-1]
    assert f"fraud_app: topic {changelog} does not know what was judged" in line
    assert f"{stream.accounts}-0 is judged up to offset " in line
    assert "rebuild-rows" in line
    assert len(read_topic(stream.bootstrap, stream.verdicts)) == 300

    done = stream.run("rebuild-rows", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 rows were written" in done.stdout
    # The rows decide, not the group's offsets.
    reset_offsets(stream, topic_prefix, 0)
    worker.start()
    worker.wait_ready()
    wait_for(lambda: worker.get("/verdicts/")[1], counts)
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 40)
    wait_for(lambda: total(worker), 340)
    assert stream.run("reconcile").returncode == 0
    assert worker.stop() == 0

    # An output that is gone is reported, and what was judged is not judged again.
    delete_topic(stream.bootstrap, stream.verdicts)
    worker.start()
    worker.wait_ready()
    assert f"topic {stream.verdicts} or {stream.dead} lacks the last outcomes" in worker.log
    proof = stream.run("reconcile", "--json")
    assert proof.returncode == 1
    assert json.loads(proof.stdout)["missing"]["total"] == 340


def test_a_row_behind_an_open_transaction_is_left_to_the_restore(
    kafka: Kafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the `kill -9` of a broker, when markers are late."""
    monkeypatch.setattr("cluster.startup.outcomes._SETTLED_AFTER", 0.0)
    settings = named(topic_prefix, kafka.url)
    check(settings, timeout=0)
    stream, rows = StreamByHand(settings), changelog_topic(settings)
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE] * 3, partition=0)
    stream.judge(0, [0, 1], next_offset=2)
    check(settings, timeout=0)
    hanging = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_prefix})
    hanging.init_transactions(30)
    hanging.begin_transaction()
    hanging.produce(rows, b"{}", b"0", 0)
    assert hanging.flush(30) == 0
    stream.judge(0, [2], next_offset=3, commit=False)
    stream.producer.commit_transaction(30)
    wait_for(lambda: topic_spans(settings, settings.verdicts_topic)[0].end, 5)
    check(settings, timeout=0)
    # Without one, the same verdict beyond the row ends the start.
    produce(kafka.bootstrap, settings.accounts_topic, [ARTICLE], partition=1)
    produce(kafka.bootstrap, settings.verdicts_topic, [verdict(settings, 1, 0)], partition=1)
    with pytest.raises(StartupError, match="accounts_topic-1 is judged up to offset 1, not 0"):
        check(settings, timeout=0)
    hanging.abort_transaction(30)


def test_a_new_stream_begins_at_the_offsets_of_its_group(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    create_topic(stream.bootstrap, stream.accounts)
    for partition in range(4):
        produce(stream.bootstrap, stream.accounts, [ARTICLE] * 10, partition=partition)
    reset_offsets(stream, topic_prefix, 6)
    worker = stream.worker()
    worker.wait_ready()
    wait_for(lambda: total(worker), 16)
    assert worker.log.count("has no row: it begins at the group's offset 6, ") == 4
    # What it was told to leave out is named.
    assert json.loads(stream.run("reconcile", "--json").stdout)["missing"]["total"] == 24
