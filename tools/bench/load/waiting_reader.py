"""A read_committed reader that notes when it gets each verdict."""

import math
import time
from array import array
from types import TracebackType
from typing import Self

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tools.bench.support.programs import Program
from tools.bench.support.proof import WorkNotDone
from tools.bench.support.topology import Topology

_PAUSE = 0.5


class WaitingReader:
    """Reads the verdicts from the beginning on, inside its block.

    `received` has for each partition of the accounts the moments (seconds of the epoch) at which
    the verdicts on offsets 0, 1, 2, … came, NaN where one has not come yet; `total` how many there
    are.
    """

    def __init__(self, run: Topology, program: Program) -> None:
        self._run = run
        self._beside = program.beside
        self.received = [array("d") for _ in range(run.partitions)]
        self.total = 0
        self._consumer = Consumer(
            {
                "bootstrap.servers": run.broker,
                "group.id": f"{run.group}-reader",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
            }
        )

    def __enter__(self) -> Self:
        self._consumer.assign(
            [TopicPartition(self._run.verdicts, n, 0) for n in range(self._run.partitions)]
        )
        return self

    def read(self) -> None:
        """Take the next verdict, waiting half a second for it at most.

        Raises WorkNotDone when it is not the one that was due in its partition; of a program that
        puts verdicts elsewhere, when it came before.
        """
        message = self._consumer.poll(_PAUSE)
        if message is None:
            return
        now = time.time()
        if error := message.error():
            raise KafkaException(error)
        verdict = orjson.loads(message.value() or b"{}")
        partition, offset = verdict["partition"], verdict["offset"]
        moments = self.received[partition]
        if verdict["id"] != f"{self._run.accounts}-{partition}-{offset}":
            raise WorkNotDone(f"{verdict['id']} is no verdict on {self._run.accounts}")
        if self._beside and (message.partition() != partition or offset != len(moments)):
            raise WorkNotDone(f"{verdict['id']} came where offset {len(moments)} was due")
        moments.extend([math.nan] * (offset + 1 - len(moments)))
        if not math.isnan(moments[offset]):
            raise WorkNotDone(f"{verdict['id']} came twice")
        moments[offset] = now
        self.total += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._consumer.close()
