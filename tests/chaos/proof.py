"""Every offset of the input held against the output and the rows."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from faust_transactions import read_last
from support.engine_app import RARE

from tests.chaos.load import value
from tests.topics import read_topic


@dataclass
class Proof:
    """What was found; `expected` is how many records each partition of the input has."""

    expected: Sequence[int]
    read: int = 0
    double: int = 0
    #: Copies that stand behind a copy of a later record.
    disordered: int = 0
    #: Records that are no copy of any: unknown offset, wrong partition, wrong value.
    foreign: int = 0
    #: Rows that differ from what was expected, in words.
    wrong_rows: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A byte an offset: a million of them is a megabyte, a set of keys a hundred.
        self._seen = [bytearray(number) for number in self.expected]
        self._last = [-1] * len(self.expected)

    @property
    def missing(self) -> int:
        """Records of which there is no copy."""
        return sum(seen.count(0) for seen in self._seen)

    @property
    def holds(self) -> bool:
        """Whether there is each copy once and in order, and the rows say so."""
        found = (self.missing, self.double, self.disordered, self.foreign)
        return not any(found) and not self.wrong_rows

    def first_missing(self) -> dict[int, int]:
        """The first offset without a copy, of each partition that has one."""
        first = {partition: seen.find(0) for partition, seen in enumerate(self._seen)}
        return {partition: offset for partition, offset in first.items() if offset >= 0}

    def note(self, partition: int, key: bytes | None, copied: bytes | None) -> None:
        """Take one record of the output, in the order in which they stand there."""
        self.read += 1
        origin, _, number = (key or b"").partition(b"-")
        offset = int(number) if number.isdigit() else -1
        known = origin == b"%d" % partition and 0 <= offset < self.expected[partition]
        if not known or copied != value(partition, offset):
            self.foreign += 1
            return
        if self._seen[partition][offset]:
            self.double += 1
        self._seen[partition][offset] = 1
        if offset < self._last[partition]:
            self.disordered += 1
        self._last[partition] = max(offset, self._last[partition])

    def note_rare(self, keys: Sequence[bytes]) -> None:
        """Take the keys of all records of the second output, which gets one record in `RARE`."""
        wanted = Counter(
            b"%d-%d" % (partition, offset)
            for partition, number in enumerate(self.expected)
            for offset in range(0, number, RARE)
        )
        found = Counter(keys)
        if found != wanted:
            missing, more = (wanted - found).total(), (found - wanted).total()
            self.wrong_rows.append(f"second output: {missing} missing, {more} too many")

    def note_row(self, partition: int, row: bytes | None) -> None:
        """Take the last committed row of a partition; None: there is none."""
        number = self.expected[partition]
        size = sum(len(value(partition, offset)) for offset in range(number))
        wanted = {"count": number, "bytes": size, "next_offset": number}
        found = None if row is None else json.loads(row)
        if found != wanted and (found is not None or number):
            self.wrong_rows.append(f"partition {partition}: {found}, not {wanted}")


def prove(bootstrap: str, app: str, expected: Sequence[int], timeout: float = 300.0) -> Proof:
    """Read the app's output and rows once, as a reader of committed records. Blocks.

    Raises TimeoutError when the output cannot be read to its end in `timeout` s.
    """
    proof = Proof(expected)
    conf = {"bootstrap.servers": bootstrap, "log_level": 0}
    _read_output(proof, conf, f"{app}-out", time.monotonic() + timeout)
    proof.note_rare([record.key or b"" for record in read_topic(bootstrap, f"{app}-rare")])
    rows = read_last(conf, f"{app}-sums-changelog", timeout=30.0)
    for partition in range(len(expected)):
        row = rows.get(partition)
        proof.note_row(partition, None if row is None else row.value)
    return proof


def _read_output(proof: Proof, conf: dict[str, object], topic: str, deadline: float) -> None:
    own = {
        "group.id": topic,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
    }
    consumer = Consumer({**conf, **own})
    reading = set(range(len(proof.expected)))
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in reading])
        while reading:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: partitions {sorted(reading)} not read to their ends")
            for message in consumer.consume(10_000, timeout=0.5):
                _take(proof, message, reading)
    finally:
        consumer.close()


def _take(proof: Proof, message: Message, reading: set[int]) -> None:
    partition, error = message.partition(), message.error()
    assert partition is not None
    if error is None:
        proof.note(partition, message.key(), message.value())
    elif error.code() == KafkaError._PARTITION_EOF:
        reading.discard(partition)
    else:
        raise KafkaException(error)
