"""The last verdicts and dead letters of each partition, read without a worker."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from faust_transactions import TAIL_CONSUMER, committed_spans, headers_of, partitions_of

from cluster.errors import reason
from cluster.reach import quiet
from cluster.reading.offsets import topic_spans
from cluster.reading.output_kind import Kind, kind_of
from cluster.reading.tail_messages import tail_messages
from config import Settings
from records import DeadLetter, record_id
from records.verdict import read_place

__all__ = [
    "NEVER",
    "NO_RIGHT",
    "LastOutcomes",
    "Outcome",
    "last_outcomes",
    "newest",
]

#: In place of an offset: nothing was ever written to the partition of the output.
NEVER: Final = -1
#: Why an output was not read: this login may not.
NO_RIGHT: Final = "no right to read it"

_TIMEOUT = 5.0
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class Outcome(NamedTuple):
    """The offset of an account that has an outcome, and when (ms) it got it."""

    offset: int
    at: int


class LastOutcomes(NamedTuple):
    """What the last records of an output say.

    `topics` are the accounts topics that they name. `offsets` has, by partition, the offset of the
    last account of this stream that has an outcome there, or NEVER; a partition where that cannot
    be known, as its records were deleted or are another stream's, is not in it. `beyond` has
    likewise the last account that the accounts topic does not have. `times` says when (ms) each
    account of `offsets` got its outcome. `kinds` says what the records are. `unread` is why the
    output, or some of its partitions, could not be read, or None.
    """

    topics: frozenset[str] = frozenset()
    offsets: Mapping[int, int] = {}
    beyond: Mapping[int, int] = {}
    times: Mapping[int, int] = {}
    unread: str | None = None
    kinds: frozenset[Kind] = frozenset()


def last_outcomes(settings: Settings) -> tuple[LastOutcomes, LastOutcomes]:
    """The last verdicts and dead letters, for the accounts topic as it is now.

    For the dead letters a worker needs no right to read. Raises ClusterError.
    """
    spans = topic_spans(settings, settings.accounts_topic, "read_uncommitted")
    ends = {partition: span.end for partition, span in spans.items()}
    verdicts = _read(settings, settings.verdicts_topic, ends, topic_of_verdict, _of_verdict)
    letters = _read(settings, settings.dead_letters_topic, ends, topic_of_letter, _of_letter)
    return verdicts, letters


def newest(verdicts: LastOutcomes, letters: LastOutcomes) -> dict[int, int]:
    """The last account that has an outcome, by partition, where both outputs say something."""
    both = verdicts.offsets.keys() & letters.offsets.keys()
    return {at: max(verdicts.offsets[at], letters.offsets[at]) for at in both}


def topic_of_verdict(message: Message) -> str | None:
    """The accounts topic that a verdict names; None for what is no verdict."""
    try:
        verdict = orjson.loads(message.value() or b"")
    except orjson.JSONDecodeError:
        return None
    return _legal(verdict.get("topic")) if isinstance(verdict, dict) else None


def topic_of_letter(message: Message) -> str | None:
    """The accounts topic that a dead letter's header names."""
    content = dict(headers_of(message)).get("topic")
    return None if content is None else _legal(content.decode(errors="replace"))


def _legal(name: object) -> str | None:
    """Whatever others wrote there, only the name of a topic reaches the log."""
    return name if isinstance(name, str) and _TOPIC.fullmatch(name) else None


def _of_verdict(message: Message, topic: str) -> Outcome | None:
    place = read_place(message.value())
    if place is None or place.id != record_id(topic, place.partition, place.offset):
        return None
    if place.partition != message.partition():
        return None
    return Outcome(place.offset, place.verified_at)


def _of_letter(message: Message, topic: str) -> Outcome | None:
    try:
        letter = DeadLetter.from_message(None, None, headers_of(message))
    except ValueError:
        return None
    is_here = (letter.topic, letter.partition) == (topic, message.partition())
    return Outcome(letter.offset, letter.failed_at) if is_here else None


def _read(
    settings: Settings,
    output: str,
    ends: Mapping[int, int],
    topic_of: Callable[[Message], str | None],
    outcome_of: Callable[[Message, str], Outcome | None],
) -> LastOutcomes:
    deadline = time.monotonic() + _TIMEOUT
    consumer = Consumer({**quiet(settings), "group.id": settings.app_id, **TAIL_CONSUMER})
    topics: set[str] = set()
    try:
        partitions = partitions_of(consumer, output, deadline)
        spans = committed_spans(consumer, output, partitions, deadline)
        messages, unread = tail_messages(consumer, output, spans, deadline)
    except KafkaException as exc:
        is_refused = exc.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        return LastOutcomes(unread=NO_RIGHT if is_refused else reason(exc.args[0]))
    finally:
        consumer.close()
    offsets = {partition: NEVER for partition, span in spans.items() if span.end == 0}
    beyond: dict[int, int] = {}
    times: dict[int, int] = {}
    kinds = {kind for message in messages if (kind := kind_of(message)) is not None}
    for message in messages:
        name = topic_of(message)
        if name is not None:
            topics.add(name)
        partition, outcome = message.partition(), outcome_of(message, settings.accounts_topic)
        if partition is not None and outcome is not None:
            last = offsets if outcome.offset < ends.get(partition, 0) else beyond
            if last is offsets and outcome.offset > last.get(partition, NEVER):
                times[partition] = outcome.at
            last[partition] = max(outcome.offset, last.get(partition, NEVER))
    return LastOutcomes(frozenset(topics), offsets, beyond, times, _why(unread), frozenset(kinds))


def _why(unread: set[int]) -> str | None:
    if not unread:
        return None
    numbers = ", ".join(map(str, sorted(unread)))
    return f"partitions {numbers} were not read to their ends in {_TIMEOUT:g} s"
