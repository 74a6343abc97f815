"""Whether the outputs hold verdicts or dead letters of another stream."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import cast

import orjson
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from faust_transactions import TAIL_CONSUMER, committed_spans, partitions_of

from cluster.errors import PARTITION_EOF, reason
from cluster.reach import quiet
from config import Settings

logger = logging.getLogger("fraud_app")

# Of each partition; two streams that share a topic write to all of its partitions.
_RECORDS = 20
_TIMEOUT = 5.0
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def warn_of_other_streams(settings: Settings) -> None:
    """Log a warning when the last records of an output name another accounts topic.

    Where the outputs cannot be read, for which the worker needs no right, nothing is compared.
    """
    verdicts = set(_topics(settings, settings.verdicts_topic, topic_of_verdict))
    letters = set(_topics(settings, settings.dead_letters_topic, topic_of_letter))
    line = shared_outputs(settings, verdicts, letters)
    if line is not None:
        logger.warning("%s", line)


def shared_outputs(settings: Settings, verdicts: set[str], letters: set[str]) -> str | None:
    """What to say of the accounts topics whose verdicts and dead letters were found, or None."""
    own = {settings.accounts_topic}
    found = {
        settings.verdicts_topic: sorted(verdicts - own),
        settings.dead_letters_topic: sorted(letters - own),
    }
    others = [
        f"topic {topic} holds records of accounts topic {', '.join(names)}"
        for topic, names in found.items()
        if names
    ]
    if not others:
        return None
    return (
        f"another stream writes to the outputs of this one ({'; '.join(others)}): give each stream "
        "its own FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC"
    )


def topic_of_verdict(message: Message) -> str | None:
    """The accounts topic that a verdict names; None for what is no verdict."""
    try:
        verdict = orjson.loads(message.value() or b"")
    except orjson.JSONDecodeError:
        return None
    return _legal(verdict.get("topic")) if isinstance(verdict, dict) else None


def topic_of_letter(message: Message) -> str | None:
    """The accounts topic that a dead letter's header names."""
    headers = cast("list[tuple[str, bytes | None]] | None", message.headers())
    content = dict(headers or ()).get("topic")
    return None if content is None else _legal(content.decode(errors="replace"))


def _legal(name: object) -> str | None:
    """Whatever others wrote there, only the name of a topic reaches the log."""
    return name if isinstance(name, str) and _TOPIC.fullmatch(name) else None


def _topics(
    settings: Settings, topic: str, topic_of: Callable[[Message], str | None]
) -> Iterator[str]:
    try:
        for message in _last_records(settings, topic):
            name = topic_of(message)
            if name is not None:
                yield name
    except KafkaException as exc:
        logger.debug("topic %s was not searched: %s", topic, reason(exc.args[0]))


def _last_records(settings: Settings, topic: str) -> Iterator[Message]:
    """The last committed records of each partition, a few. Ends early after `_TIMEOUT`."""
    deadline = time.monotonic() + _TIMEOUT
    consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **TAIL_CONSUMER})
    try:
        spans = committed_spans(consumer, topic, partitions_of(consumer, topic, deadline), deadline)
        unread = {partition for partition, span in spans.items() if span.begin < span.end}
        starts = {p: max(spans[p].begin, spans[p].end - _RECORDS) for p in unread}
        consumer.assign([TopicPartition(topic, p, start) for p, start in starts.items()])
        yield from _until_ends(consumer, unread, deadline)
    finally:
        consumer.close()


def _until_ends(consumer: Consumer, unread: set[int], deadline: float) -> Iterator[Message]:
    while unread and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        elif error.code() == PARTITION_EOF:
            unread.discard(message.partition())
        else:
            raise KafkaException(error)
