"""Asks the brokers for the ids of topics (KIP-516)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from faust_transactions.kafka.offsets import until

__all__ = ["TopicIds", "topic_ids"]

#: What brokers before 2.8 answer in place of an id.
_NO_ID = "A" * 22


def topic_ids(
    conf: Mapping[str, Any], topics: Iterable[str], timeout: float = 10.0
) -> dict[str, str | None]:
    """The id of each of these topics that exists; None where the brokers have no ids.

    `conf` says how librdkafka reaches the brokers. Blocks for some tens of milliseconds as a rule.
    Raises KafkaException when the brokers refuse or do not answer within `timeout` seconds.
    """
    return TopicIds(conf).of(topics, timeout)


class TopicIds:
    """The same as `topic_ids` by a client that stays connected. Any thread may ask."""

    def __init__(self, conf: Mapping[str, Any]) -> None:
        self._conf = {"error_cb": lambda _error: None, **conf, "log_level": 0}
        self._client: AdminClient | None = None
        self._has_controller = False
        self._lock = threading.Lock()

    def of(self, topics: Iterable[str], timeout: float = 10.0) -> dict[str, str | None]:
        """See `topic_ids`. One or two requests, whatever the number of topics."""
        wanted = sorted(set(topics))
        if not wanted:
            return {}
        deadline = time.monotonic() + timeout
        with self._lock:
            client = self._client = self._client or AdminClient(self._conf)
        if not self._has_controller:
            # All topics, as asking for one by name could create it.
            found = until(deadline, lambda seconds: client.list_topics(timeout=seconds))
            self._has_controller = found.controller_id in found.brokers
        if not self._has_controller:
            # The embedded broker; librdkafka would wait for a controller before it asks for ids.
            return {topic: None for topic in wanted if topic in found.topics}
        return until(deadline, lambda seconds: _describe(client, wanted, seconds))


def _describe(client: AdminClient, topics: list[str], seconds: float) -> dict[str, str | None]:
    answers = client.describe_topics(TopicCollection(topics), request_timeout=seconds)
    found: dict[str, str | None] = {}
    for topic, answer in answers.items():
        try:
            topic_id = str(answer.result(seconds + 1.0).topic_id)
        except TimeoutError:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, topic)) from None
        except KafkaException as exc:
            if exc.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
        else:
            found[topic] = None if topic_id == _NO_ID else topic_id
    return found
