"""Writes what a worker would, and what it never should, into the topics of one test."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from faust_transactions import TopicIdentity, topic_ids

from cluster import changelog_topic, topic_spans
from config import Settings
from records import DeadLetter, PartitionCounts
from tests.topics import create_topic
from tests.verdicts import written


def bootstrap(settings: Settings) -> str:
    return settings.broker.removeprefix("kafka://")


def verdict(settings: Settings, partition: int, offset: int) -> bytes:
    now = time.time_ns() // 1_000_000
    return written(settings.accounts_topic, partition, offset, verified_at=now)


def dead_letter(settings: Settings, partition: int, offset: int, **changes: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "key": None,
        "value": b"no account",
        "code": "not_json",
        "detail": "broken at line 1 column 1",
        "topic": settings.accounts_topic,
        "partition": partition,
        "offset": offset,
        "failed_at": time.time_ns() // 1_000_000,
    }
    return DeadLetter(**{**fields, **changes})


def identity(settings: Settings) -> TopicIdentity:
    """The accounts topic as it is now."""
    topic = settings.accounts_topic
    ids = topic_ids({"bootstrap.servers": bootstrap(settings)}, [topic])
    return TopicIdentity(topic, ids[topic])


def recreate(settings: Settings, topic: str) -> None:
    """Delete a topic and create it again, empty."""
    admin = AdminClient({"bootstrap.servers": bootstrap(settings)})
    admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + 30
    while topic in admin.list_topics(timeout=10).topics:
        assert time.monotonic() < deadline, f"{topic} is not deleted after 30 s"
        time.sleep(0.1)
    create_topic(bootstrap(settings), topic, settings.partitions)


class StreamByHand:
    """One transactional producer that judges as it is told; its last transaction may stay open."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.producer = Producer(
            {
                "bootstrap.servers": bootstrap(settings),
                "transactional.id": f"{settings.app_id}-by-hand",
                "message.max.bytes": 100_000_000,
                "log_level": 0,
            }
        )
        self.producer.init_transactions(30)

    def judge(
        self,
        partition: int,
        verdicts: Iterable[int],
        *,
        dead: Iterable[int] = (),
        next_offset: int,
        row: Mapping[str, Any] | None = None,
        topic: TopicIdentity | None = None,
        values: Iterable[bytes] = (),
        commit: bool = True,
    ) -> None:
        """Verdicts, dead letters and the row of a partition in one transaction.

        `values` are verdicts as bytes. Without `topic` the row says nothing of the topic that it
        belongs to, as in version 0.1.
        """
        settings, producer = self.settings, self.producer
        producer.begin_transaction()
        made = (verdict(settings, partition, offset) for offset in verdicts)
        for value in (*made, *values):
            producer.produce(settings.verdicts_topic, value, partition=partition)
        for offset in dead:
            self.bury(dead_letter(settings, partition, offset))
        counts = PartitionCounts(next_offset=next_offset, **(row or {})).dumps(serializer="json")
        changelog = changelog_topic(settings)
        headers: list[tuple[str, str | bytes | None]] = [*topic.headers()] if topic else []
        producer.produce(changelog, counts, b"%d" % partition, partition, headers=headers)
        assert producer.flush(30) == 0
        if commit:
            self.commit()

    def commit(self) -> None:
        """Commit, and wait until readers see it: the markers come after the answer."""
        self.producer.commit_transaction(30)
        topics = [*self.settings.topics[1:], changelog_topic(self.settings)]
        deadline = time.monotonic() + 30
        while any(
            topic_spans(self.settings, topic)
            != topic_spans(self.settings, topic, "read_uncommitted")
            for topic in topics
        ):
            assert time.monotonic() < deadline, "no markers after 30 s"

    def bury(self, letter: DeadLetter) -> None:
        """A dead letter, in the transaction that is open."""
        self.producer.produce(
            self.settings.dead_letters_topic,
            letter.value,
            letter.key,
            letter.partition,
            headers=[*letter.headers()],
        )


def delete_before(settings: Settings, topic: str, partition: int, offset: int) -> None:
    """As retention does."""
    admin = AdminClient({"bootstrap.servers": bootstrap(settings)})
    for done in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
        done.result(30)
