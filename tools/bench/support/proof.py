"""Proves after a run that it did the whole work: the verdicts read back, the table summed."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tools.bench.load.accounts import Answers, expected
from tools.bench.support.programs import Program
from tools.bench.support.topology import Topology

_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - public but for its name
_AT_ONCE = 10_000
_PAUSE = 0.2
_TIMEOUT = 30.0


class WorkNotDone(AssertionError):
    """Verdicts are missing, double, in the wrong order or place, or not what the table says."""


@dataclass(frozen=True)
class Verdicts:
    """Every verdict that a read_committed reader sees: the broker's times, in ms of the epoch."""

    times: list[int]

    def until(self, moment: float) -> int:
        """How many were written up to that moment."""
        return sum(1 for written in self.times if written <= moment)

    @property
    def first(self) -> int:
        """When the first one was written."""
        return min(self.times)


def verdicts_of(run: Topology, program: Program) -> Verdicts:
    """Read all verdicts of the run and check them as `in_order` or `complete` does."""
    written = committed(run.broker, run.verdicts, run.partitions)
    answers = expected(run.partitions) if program.same_answers else None
    return (in_order if program.beside else complete)(written, run.accounts, answers)


def in_order(
    verdicts: Iterable[Message], accounts: str, answers: Answers | None = None
) -> Verdicts:
    """Check that those of a partition judge the offsets 0, 1, 2, … of `accounts` in this order.

    So none is missing up to the last one, none is double, each is in its account's partition; and
    each authorizes what `answers` says. Raises WorkNotDone with the first one that is wrong, or
    when there is none.
    """
    times: list[int] = []
    following: dict[int, int] = {}
    for message in verdicts:
        partition = message.partition()
        assert partition is not None
        offset = following.get(partition, 0)
        fields = orjson.loads(message.value() or b"{}")
        if fields.get("id") != f"{accounts}-{partition}-{offset}":
            found = fields.get("id")
            raise WorkNotDone(f"partition {partition}: {found} where offset {offset} was due")
        _check_answer(fields, partition, offset, answers)
        following[partition] = offset + 1
        times.append(message.timestamp()[1])
    return _some(times)


def complete(
    verdicts: Iterable[Message], accounts: str, answers: Answers | None = None
) -> Verdicts:
    """As `in_order`, for a program whose verdicts may be in any partition, in any order."""
    times: list[int] = []
    judged: dict[int, set[int]] = {}
    for message in verdicts:
        fields = orjson.loads(message.value() or b"{}")
        partition, offset = fields.get("partition", -1), fields.get("offset", -1)
        if fields.get("id") != f"{accounts}-{partition}-{offset}":
            raise WorkNotDone(f"{fields.get('id')} is no verdict on {accounts}")
        offsets = judged.setdefault(partition, set())
        if offset in offsets:
            raise WorkNotDone(f"{fields['id']} is there twice")
        _check_answer(fields, partition, offset, answers)
        offsets.add(offset)
        times.append(message.timestamp()[1])
    for partition, offsets in judged.items():
        if max(offsets) != len(offsets) - 1:
            missing = next(n for n in range(len(offsets)) if n not in offsets)
            raise WorkNotDone(f"partition {partition}: offset {missing} has no verdict")
    return _some(times)


def _check_answer(
    fields: dict[str, Any], partition: int, offset: int, answers: Answers | None
) -> None:
    if answers is not None and fields.get("authorized") is not answers(partition, offset):
        raise WorkNotDone(f"{fields['id']}: authorized is {fields.get('authorized')}")


def _some(times: list[int]) -> Verdicts:
    if not times:
        raise WorkNotDone("there is no verdict at all")
    return Verdicts(times)


def counted_by(run: Topology, program: Program) -> int | None:
    """The verdicts that the program's table says there are; None where it has none."""
    if program.counted is None:
        return None
    changelog = committed(run.broker, program.changelog(run), run.partitions)
    return in_newest_rows(changelog, program.counted)


def check_number(
    run: Topology, program: Program, written: Verdicts, wanted: int, accounts: int
) -> None:
    """Raise WorkNotDone unless the verdicts are as many as they must be and the table agrees.

    Of the `accounts` in the topic the first `wanted` had to be judged.
    """
    found = len(written.times)
    if not wanted <= found <= accounts:
        raise WorkNotDone(f"{program.name}: {found} verdicts of {wanted} accounts")
    # A program that is stopped in the middle may have counted what it had not yet sent.
    counted = counted_by(run, program) if wanted == accounts else None
    if counted not in (None, found):
        raise WorkNotDone(f"{program.name}: {found} verdicts, but {counted} in its table")


def in_newest_rows(changelog: Iterable[Message], counted: Callable[[bytes], int]) -> int:
    """The sum of what the last row of each key and partition counts."""
    newest: dict[tuple[int | None, str | bytes | None], str | bytes | None] = {}
    for message in changelog:
        newest[message.partition(), message.key()] = message.value()
    return sum(counted(row) for row in newest.values() if isinstance(row, bytes))


def committed(broker: str, topic: str, partitions: int) -> Iterator[Message]:
    """The committed records that the topic has now, each partition in its order.

    Raises TimeoutError when nothing comes for 30 s.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": "bench-proof",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        unread = set(range(partitions))
        heard = time.monotonic()
        while unread:
            messages = consumer.consume(_AT_ONCE, _PAUSE)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _TIMEOUT:
                raise TimeoutError(f"{topic} could not be read to its end")
            for message in messages:
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == _END:
                    unread.discard(message.partition())
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
