"""The contract of `Transactions`, held by the engine on a real Kafka."""

from __future__ import annotations

import pytest
from support.contract import TransactionsContract
from support.copying import Copying, Start, wait_until

from tests.brokers import Kafka
from tests.topics import produce, read_topic
from tests.worker import Worker


class EngineBackend:
    """`engine_app` in a worker of its own."""

    def __init__(self, copying: Copying) -> None:
        self._copying = copying
        self._sent = 0
        self._worker: Worker = copying.worker()

    def send(self, *values: bytes) -> None:
        copying = self._copying
        self._sent += len(values)
        produce(copying.bootstrap, f"{copying.name}-in", values, partition=0)
        wait_until(lambda: self.position() == self._sent)

    def restart(self) -> None:
        assert self._worker.stop() == 0
        self._worker.start()
        self._worker.wait_ready()

    def copies(self) -> list[tuple[bytes | None, bytes | None]]:
        return [(copy.key, copy.value) for copy in self._copying.copies()]

    def rare(self) -> list[bytes | None]:
        topic = f"{self._copying.name}-rare"
        return [copy.key for copy in read_topic(self._copying.bootstrap, topic)]

    def position(self) -> int:
        self._worker.wait_ready()
        return int(self._worker.get("/health/ready")[1]["rows"].get("0") or 0)


class TestEngine(TransactionsContract):
    @pytest.fixture
    def backend(self, kafka: Kafka, topic_prefix: str, start_worker: Start) -> EngineBackend:
        copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
        copying.create()
        return EngineBackend(copying)
