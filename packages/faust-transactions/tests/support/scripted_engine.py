"""Scripted doubles for the engine's protocols: no broker, every decision can be brought about."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import faust
from faust.types import TP
from faust_transactions import Batch
from faust_transactions.commit.committer import Committer, Member
from faust_transactions.commit.part import Part
from faust_transactions.commit.processor import BatchProcessor
from faust_transactions.commit.refusals import Output
from faust_transactions.commit.shared import SharedTransactions
from faust_transactions.errors import SourceMismatch, StateMismatch
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

    def __init__(self, transactional_id: str = "app:worker") -> None:
        self.transactional_id = transactional_id
        self.aborted = 0
        self.producers = 1
        self.waiting_for: str | None = None
        self.disturbed = False
        #: What the next writes raise; None for one that succeeds.
        self.errors: deque[BaseException | None] = deque()
        #: What `fence` and `abort_in` do besides.
        self.on_fence: Callable[[], Any] = lambda: None
        self.on_abort: Callable[[Sequence[TP]], Any] = lambda _partitions: None
        self.written: list[tuple[Sequence[Output], int]] = []
        #: The source partitions of each transaction.
        self.transactions: list[list[TP]] = []
        self.calls: list[str] = []
        #: Called within ``write``, in the committer's thread.
        self.while_writing: Callable[[], Any] = lambda: None

    def fence(self) -> None:
        self.calls.append("fence")
        self.on_fence()

    def abort_in(self, partitions: Sequence[TP]) -> None:
        self.calls.append("abort_in")
        self.on_abort(partitions)

    def renew(self, reason: str = "") -> None:
        self.calls.append("renew")
        self.producers += 1
        self.disturbed = False

    def write(
        self, parts: Sequence[Part], group: bytes, check_rows: Callable[[Sequence[Part]], None]
    ) -> None:
        self.calls.append("write")
        self.while_writing()
        error = self.errors.popleft() if self.errors else None
        if error is not None:
            raise error
        self.transactions.append([part.source for part in parts])
        self.written += [(part.records, part.offset) for part in parts]

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")

    def leave(self) -> None:
        self.calls.append("leave")


class ScriptedConsumer:
    """Notes what it is asked for; a seek starts the task again, as the real one does."""

    def __init__(self) -> None:
        self.coordinator: object = "coordinator"
        self.calls: list[str] = []
        self.seeks = 1

    async def rejoin(self) -> None:
        self.calls.append("rejoin")

    async def rewind(self, task: StreamTask) -> None:
        self.calls.append(f"rewind {task.position}")
        self.seeks += 1
        task.sought(self.seeks)

    async def skip(self, task: StreamTask, offset: int) -> None:
        self.calls.append(f"skip {offset}")
        self.seeks += 1
        task.skipped(self.seeks, offset)


class ScriptedChecks:
    """Row and source checks that answer what is scripted."""

    def __init__(self) -> None:
        #: The source partitions whose last row is another one.
        self.rows_changed: dict[TP, StateMismatch] = {}
        #: The partitions whose rows were asked for, each time.
        self.rows_asked: list[list[int]] = []
        #: The source partitions whose last transaction hangs.
        self.hanging: dict[TP, StateMismatch] = {}
        #: The source partitions whose topic was replaced.
        self.sources_replaced: dict[TP, SourceMismatch] = {}
        self.calls: list[str] = []

    def changed(self, committed: Mapping[TP, Any]) -> Mapping[TP, StateMismatch]:
        self.calls.append("changed")
        self.rows_asked.append([source.partition for source in committed])
        return {tp: error for tp, error in self.rows_changed.items() if tp in committed}

    def hanging_before(self, sources: Collection[TP]) -> Mapping[TP, StateMismatch]:
        self.calls.append("hanging_before")
        return {tp: error for tp, error in self.hanging.items() if tp in sources}

    def confirm(self, tasks: Sequence[StreamTask]) -> Mapping[TP, SourceMismatch | StateMismatch]:
        self.calls.append("confirm")
        asked = {task.tp for task in tasks}
        return {tp: error for tp, error in self.sources_replaced.items() if tp in asked}


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

    def __init__(
        self, *, commit_timeout: float = 5.0, running: bool = True, new: bool = False
    ) -> None:
        """``new``: the partition has no row yet."""
        self.registry = CollectorRegistry()
        self.metrics = EngineMetrics(self.registry)
        self.consumer, self.checks, self.table = ScriptedConsumer(), ScriptedChecks(), Table()
        self.writer = ScriptedWriter()
        self.late = self.stopping = False
        self.spawned: list[asyncio.Task[None]] = []
        self.tasks: dict[TP, StreamTask] = {}
        self.rejoiner = Rejoiner(
            lambda: self.consumer,
            lambda: self.late,
            lambda call: self.spawned.append(asyncio.ensure_future(call)),
        )
        self.committer = Committer(
            SharedTransactions(
                rows=self.checks,
                sources=self.checks,
                consumer=lambda: self.consumer,
                tasks=self.tasks,
            ),
            timeout=commit_timeout,
            on_aborted=self.metrics.transactions.labels("aborted").inc,
        )
        self.committer.assigned(Member(b"group", self.writer), self.consumer.coordinator)
        self.capacity = asyncio.Event()
        self.processor = BatchProcessor(
            {"in": self.table},
            committer=self.committer,
            consumer=lambda: self.consumer,
            rejoiner=self.rejoiner,
            capacity=self.capacity,
            metrics=self.metrics,
            stopping=lambda: self.stopping,
        )
        self.task = StreamTask(SOURCE, TopicIdentity("in", "id-1"), self.writer.producers)
        self.tasks[SOURCE] = self.task
        self._fetched = 0
        if not new:
            self.task.restore(Row(), self.task.source, self.writer.transactional_id)
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

    def stage_seconds(self, stage: str) -> float:
        name = "faust_transactions_stage_seconds_sum"
        return self.registry.get_sample_value(name, {"stage": stage}) or 0.0

    @contextmanager
    def asserting_no_write(self) -> Iterator[None]:
        before = len(self.writer.written)
        yield
        assert len(self.writer.written) == before


def fetched(*values: bytes, first: int = 0) -> list[StoredRecord]:
    return [StoredRecord(first + index, value) for index, value in enumerate(values)]
