"""A read_committed reader that notes when it gets each verdict."""

import time
from types import TracebackType
from typing import Self

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tools.bench.support.programs import Topology
from tools.bench.support.proof import WorkNotDone

_PAUSE = 0.5


class WaitingReader:
    """Reads the verdicts from the beginning on, inside its block.

    `received` has for each partition the moments (seconds of the epoch) at which the verdicts on
    offsets 0, 1, 2, … came, `total` how many there are.
    """

    def __init__(self, run: Topology) -> None:
        self._run = run
        self.received: list[list[float]] = [[] for _ in range(run.partitions)]
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

        Raises WorkNotDone when it is not the one that was due in its partition.
        """
        message = self._consumer.poll(_PAUSE)
        if message is None:
            return
        now = time.time()
        if error := message.error():
            raise KafkaException(error)
        partition, verdict = message.partition(), orjson.loads(message.value() or b"{}")
        assert partition is not None
        moments = self.received[partition]
        if verdict["id"] != f"{self._run.accounts}-{partition}-{len(moments)}":
            raise WorkNotDone(f"{verdict['id']} came where offset {len(moments)} was due")
        moments.append(now)
        self.total += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._consumer.close()
