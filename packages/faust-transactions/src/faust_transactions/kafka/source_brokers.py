"""Asks the brokers for ids, beginnings and ends of source topics."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer
from faust.types import TP

from faust_transactions.kafka.offsets import Span, committed_spans
from faust_transactions.kafka.topic_ids import TopicIds

__all__ = ["Found", "SourceBrokers"]


class Found(NamedTuple):
    """What the brokers answered; ``asked`` (monotonic, s) is when they were asked.

    A topic that does not exist is not in it.
    """

    asked: float
    ids: Mapping[str, str | None]
    spans: Mapping[TP, Span]


class SourceBrokers:
    """Asks by clients that stay connected. Blocks; raises KafkaException.

    `identify` may be called in any thread, `look` in one at a time.

    ``kafka`` says how librdkafka reaches the brokers.
    """

    def __init__(self, kafka: Mapping[str, Any]) -> None:
        self._kafka = kafka
        self._ids = TopicIds(kafka)
        self._consumer: Consumer | None = None

    def identify(self, topics: Iterable[str], timeout: float) -> Found:
        """Ask for the ids of topics."""
        asked = time.monotonic()
        return Found(asked, self._ids.of(topics, timeout), {})

    def look(self, partitions: Iterable[TP], timeout: float) -> Found:
        """Ask for the ids of topics and for beginnings and ends of partitions."""
        wanted = set(partitions)
        asked, ids, _ = self.identify({tp.topic for tp in wanted}, timeout)
        if self._consumer is None:
            # Records that are not committed count, too: they are there.
            own = {"group.id": "asking-for-ends", "isolation.level": "read_uncommitted"}
            quiet = {"error_cb": lambda _error: None, "log_level": 0}
            self._consumer = Consumer({**quiet, **self._kafka, **own})
        spans: dict[TP, Span] = {}
        for topic in ids:
            numbers = [tp.partition for tp in wanted if tp.topic == topic]
            found = committed_spans(self._consumer, topic, numbers, asked + timeout)
            spans |= {TP(topic, number): span for number, span in found.items()}
        return Found(asked, ids, spans)
