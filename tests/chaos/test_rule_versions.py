"""Rule sets are published and rolled back under full load, with a kill -9 among them.

VERSIONS_PUBLICATIONS and VERSIONS_ACCOUNTS, and VERSIONS_SEED to see the same ones again.
"""

import io
import os
import random
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from rich.console import Console

from agents.fakes import FakeAccounts
from cli.rules.publishing import publish_and_wait
from cluster.reading.publications import read_entries
from config import Settings
from records import Verdict
from rules.ruleset import load
from rules.versions.active import builtin
from rules.versions.publication import Publication
from tests.brokers import Kafka
from tests.chaos.announce import announcer
from tests.chaos.fleet import Fleet
from tests.chaos.rule_history import SOURCE, History, Verdicts
from tests.integration.stream.test_stream import Stream, total, wait_for
from tests.worker import Worker

#: Longest time, in ms, for which a worker may go on with a version that was replaced.
LATEST = 2_000
#: Accounts that wait in the topic, so that the workers always have work.
BACKLOG = 40_000
PARTITIONS = 4


def parameter(name: str, default: int) -> int:
    return int(os.environ.get(f"VERSIONS_{name}", default))


class Load:
    """Keeps `BACKLOG` accounts waiting, up to `most` in all, until it is closed."""

    def __init__(self, bootstrap: str, topic: str, most: int, worker: Worker) -> None:
        fakes = FakeAccounts(1)
        self._accounts = [fakes.make().dumps() for _ in range(5_000)]
        self._topic, self._most, self._worker = topic, most, worker
        self.sent = 0
        self._closing = threading.Event()
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20}
        )
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

    def close(self) -> int:
        """Send nothing more; how many were sent."""
        self._closing.set()
        self._thread.join()
        assert self._producer.flush(60) == 0
        return self.sent

    def _run(self) -> None:
        while not self._closing.wait(0.1) and self.sent < self._most:
            try:
                waiting = self.sent - total(self._worker)
            except (OSError, TypeError, KeyError):  # it was just killed
                continue
            for _ in range(min(BACKLOG - waiting, self._most - self.sent)):
                self._send()
            self._producer.poll(0)

    def _send(self) -> None:
        value = self._accounts[self.sent % len(self._accounts)]
        while True:
            try:
                self._producer.produce(self._topic, value, partition=self.sent % PARTITIONS)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self.sent += 1
                return


class Publisher:
    """Publishes a set of its own each time, or one of the last ones again."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.history = History()
        self.history.published(0, builtin().version)
        self._random = random.Random(seed)
        self._published: list[Publication] = []

    def publish(self, number: int) -> None:
        """Publish, and wait until the workers judge by it."""
        active = self.history.versions[-1]
        back = [each for each in self._published[-5:] if each.version != active]
        if back and self._random.random() < 0.3:
            publication = self._random.choice(back)
        else:
            source = SOURCE.format(number)
            publication = Publication(load(source).version, source, 0, author="chaos")
        said = io.StringIO()
        entries = read_entries(self.settings)
        code = publish_and_wait(
            self.settings, publication, entries, timeout=60, console=Console(file=said)
        )
        assert code == 0, said.getvalue()
        [last] = read_entries(self.settings)[-1:]
        assert last.publication is not None
        self._published.append(last.publication)
        own = int(last.publication.source.partition("mark_")[2].partition('"')[0])
        self.history.published(last.publication.published_at, last.publication.version, own)


def verdicts_of(bootstrap: str, topic: str) -> Iterator[tuple[int, int, bytes | None]]:
    """Partition, offset and value of each committed verdict; those of a partition in order."""
    config = {
        "bootstrap.servers": bootstrap,
        "group.id": topic,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
    }
    consumer = Consumer(config)
    try:
        reading = set(range(PARTITIONS))
        consumer.assign([TopicPartition(topic, partition, 0) for partition in reading])
        while reading:
            for message in consumer.consume(10_000, timeout=0.5):
                partition, offset, error = message.partition(), message.offset(), message.error()
                assert partition is not None
                assert offset is not None
                if error is None:
                    yield partition, offset, message.value()
                elif error.code() == KafkaError._PARTITION_EOF:
                    reading.discard(partition)
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()


@pytest.mark.timeout(0)
@pytest.mark.usefixtures("can_run_kafka")
def test_every_verdict_is_by_a_version_that_was_active(
    kafka: Kafka, topic_prefix: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    say = announcer(pytestconfig)
    publications, most = parameter("PUBLICATIONS", 100), parameter("ACCOUNTS", 3_000_000)
    seed = parameter("SEED", random.randrange(2**31))
    say(f"rule versions: {publications} publications, {most:,} accounts at most, seed {seed}")
    stream = Stream(kafka, topic_prefix, partial(Worker, tmp_path / "worker"))
    names = ("broker", "app_id", "accounts_topic", "verdicts_topic", "dead_letters_topic")
    given: dict[str, Any] = {
        name: stream.env[f"FRAUD_{name.upper()}"] for name in (*names, "rules_topic")
    }
    publisher = Publisher(Settings(**given), seed)
    fleet = Fleet(lambda number: Worker(tmp_path / f"worker-{number}", stream.env), say)
    load: Load | None = None
    try:
        first, second = fleet.add(), fleet.add()
        for worker in (first, second):
            worker.wait_ready()
        load = Load(stream.bootstrap, stream.accounts, most, first)
        began = time.monotonic()
        for number in range(publications):
            if number == publications // 2:
                fleet.kill(0.9)  # the second one, in the middle of its work
            publisher.publish(number)
        seconds = time.monotonic() - began
        waiting = load.sent - total(first)
        sent = load.close()
        wait_for(lambda: total(first), sent, timeout=90)
    finally:
        if load is not None:
            load.close()
        fleet.close()
    found = Verdicts(publisher.history)
    for partition, offset, value in verdicts_of(stream.bootstrap, stream.verdicts):
        found.note(partition, offset, Verdict.loads(value or b""))
    latencies = found.latencies()
    figures = {
        "publications, of them rollbacks": (
            len(publisher.history.versions) - 1,
            len(publisher.history.versions) - len(set(publisher.history.versions)),
        ),
        "seconds": f"{seconds:.0f}",
        "verdicts in transactions": (found.read, found.batches),
        "by a version that was not active": found.never_active,
        "transactions by several versions": found.mixed,
        "not of the rules that they name": found.foreign,
        "ms that a replaced version was judged by, at most": found.oldest,
        "ms to the last partition's first verdict: median, 95 %, most": (
            latencies[len(latencies) // 2],
            latencies[len(latencies) * 95 // 100],
            latencies[-1],
        ),
        "accounts that waited at the last publication": waiting,
        "restarts": fleet.restarts,
    }
    for name, figure in figures.items():
        say(f"{name:<62} {figure}")
    # It reads every account and verdict again: minutes, where others use the machine too.
    proof = stream.run("reconcile", timeout=1_800)
    say(proof.stdout)
    assert (found.never_active, found.mixed, found.foreign) == (0, 0, 0)
    assert found.oldest <= LATEST
    assert found.read == sent
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert (dict(fleet.crashes), fleet.stuck, fleet.restarts) == ({}, 0, 1)
