"""Scripted doubles for the engine's protocols: no broker, every decision can be brought about."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import faust
from faust.types import TP
from faust_transactions import Batch
from faust_transactions.commit.processor import BatchProcessor
from faust_transactions.commit.producer import Output
from faust_transactions.group.rejoining import Rejoiner
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import StreamTask
from faust_transactions.testing import StoredRecord
from prometheus_client import CollectorRegistry

__all__ = ["Row", "ScriptedWriter", "Setup", "fetched"]

SOURCE = TP("in", 0)


class Row(faust.Record, serializer="json", include_metadata=False):
    """A partition's row."""

    count: int = 0
    next_offset: int = 0


class ScriptedWriter:
    """A transactional producer: raises what is scripted, else commits into ``written``."""

    transactional_id = "app:in:0"

    def __init__(self) -> None:
        self.aborted = 0
        self.waiting_for: str | None = None
        self.disturbed = False
        self.errors: deque[BaseException] = deque()
        self.written: list[tuple[Sequence[Output], int]] = []
        self.calls: list[str] = []
        #: Called within ``write``, in the task's thread.
        self.while_writing: Callable[[], Any] = lambda: None

    def fence(self) -> None:
        self.calls.append("fence")

    def abort_in(self, partitions: Sequence[TP]) -> None:
        self.calls.append("abort_in")

    def renew(self, reason: str = "") -> None:
        self.calls.append("renew")
        self.disturbed = False

    def write(
        self,
        outputs: Sequence[Output],
        source: str,
        partition: int,
        offset: int,
        check_row: Callable[[], None],
    ) -> None:
        self.calls.append("write")
        self.while_writing()
        if self.errors:
            raise self.errors.popleft()
        self.written.append((outputs, offset))

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


class ScriptedConsumer:
    """Notes what it is asked for; a seek starts the task again, as the real one does."""

    def __init__(self) -> None:
        self.coordinator: object = "coordinator"
        self.calls: list[str] = []
        self._seeks = 1

    async def rejoin(self) -> None:
        self.calls.append("rejoin")

    async def rewind(self, task: StreamTask) -> None:
        self.calls.append(f"rewind {task.position}")
        self._seeks += 1
        task.sought(self._seeks)

    async def skip(self, task: StreamTask, offset: int) -> None:
        self.calls.append(f"skip {offset}")
        self._seeks += 1
        task.skipped(self._seeks, offset)


class ScriptedChecks:
    """Row and source checks that raise what is scripted."""

    def __init__(self) -> None:
        self.row_error: Exception | None = None
        self.before_error: Exception | None = None
        self.source_error: Exception | None = None
        self.calls: list[str] = []

    def _check(self, call: str, error: Exception | None) -> None:
        self.calls.append(call)
        if error is not None:
            raise error

    def check_row(self, source: TP, state: Any) -> None:
        self._check("check_row", self.row_error)

    def check_before(self, source: TP) -> None:
        self._check("check_before", self.before_error)

    def confirm(self, task: StreamTask) -> None:
        self._check("confirm", self.source_error)


class Table:
    """The rows of the source topic."""

    changelog_topic_name = "rows"

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {}

    def default(self) -> Row:
        return Row()

    def apply(self, partition: int, row: Any) -> None:
        self.rows[partition] = row


class Setup:
    """A processor with one task that runs from offset 0, and all its doubles."""

    def __init__(self, *, commit_timeout: float = 5.0, running: bool = True) -> None:
        self.registry = CollectorRegistry()
        self.metrics = EngineMetrics(self.registry)
        self.consumer, self.checks, self.table = ScriptedConsumer(), ScriptedChecks(), Table()
        self.writer = ScriptedWriter()
        self.late = self.stopping = False
        self.spawned: list[asyncio.Task[None]] = []
        self.rejoiner = Rejoiner(
            lambda: self.consumer,
            lambda: self.late,
            lambda call: self.spawned.append(asyncio.ensure_future(call)),
        )
        self.processor = BatchProcessor(
            {"in": self.table},
            rows=self.checks,
            sources=self.checks,
            consumer=lambda: self.consumer,
            rejoiner=self.rejoiner,
            capacity=asyncio.Event(),
            metrics=self.metrics,
            commit_timeout=commit_timeout,
            stopping=lambda: self.stopping,
        )
        self.task = StreamTask(
            SOURCE, self.writer, TopicIdentity("in", "id-1"), self.consumer.coordinator
        )
        self._fetched = 0
        if running:
            self.task.start_at(0)
            self.task.sought(1)

    def batch(self, *values: bytes, first: int | None = None) -> Batch:
        """The next batch, as the consumer hands it out."""
        first = self._fetched if first is None else first
        self._fetched = first + len(values)
        records = fetched(*values, first=first)
        origin = self.task.hand_out(records)
        return Batch("in", 0, records, origin)

    async def copy(self, batch: Batch) -> bool:
        """Work a batch as an agent does; whether it was committed."""
        async with self.processor.begin(batch) as tx:
            for record in tx.records:
                tx.send("out", record.value)
            if tx.records:
                tx.state = Row(tx.state.count + len(tx.records))
        return tx.committed

    def outcome(self, name: str) -> float | None:
        return self.registry.get_sample_value("faust_transactions_total", {"outcome": name})

    @contextmanager
    def asserting_no_write(self) -> Iterator[None]:
        before = len(self.writer.written)
        yield
        assert len(self.writer.written) == before


def fetched(*values: bytes, first: int = 0) -> list[StoredRecord]:
    return [StoredRecord(first + index, value) for index, value in enumerate(values)]
