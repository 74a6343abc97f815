"""One transaction for batches of several partitions. Blocking: in the committer's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faust.types import TP

from faust_transactions.commit.part import Part
from faust_transactions.errors import StateMismatch
from faust_transactions.protocols import BatchSource, RowChecks, SourceChecks, Writer
from faust_transactions.task import StreamTask

__all__ = ["Member", "SharedTransactions", "Waiting"]


@dataclass(frozen=True, slots=True)
class Member:
    """A worker's membership in one generation of its group, and the writer for it."""

    #: See `commit.client.group_metadata`.
    group: bytes
    writer: Writer


@dataclass(eq=False, slots=True)
class Waiting:
    """A batch that is ready to be committed."""

    task: StreamTask
    part: Part
    done: asyncio.Future[None]

    def settle(self, error: Exception | None) -> None:
        """End the wait, unless it has ended. In the event loop."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)

    def fail(self, error: Exception) -> None:
        """End the wait from within another thread."""
        self.done.get_loop().call_soon_threadsafe(self.settle, error)


class SharedTransactions:
    """Writes the batches that are ready. One that must not be written fails alone.

    ``tasks`` are those of the worker.
    """

    def __init__(
        self,
        *,
        rows: RowChecks,
        sources: SourceChecks,
        consumer: Callable[[], BatchSource],
        tasks: Mapping[TP, StreamTask],
    ) -> None:
        self._rows = rows
        self._sources = sources
        self._consumer = consumer
        self._tasks = tasks
        self._writer: Writer | None = None
        self._coordinator: object = None

    def assigned(self, writer: Writer, coordinator: object) -> None:
        """Note the group's coordinator for which a new writer's producer was made."""
        if writer is not self._writer:
            self._writer, self._coordinator = writer, coordinator

    def write(self, member: Member, taken: Sequence[Waiting], *, after_abort: bool = False) -> None:
        """Commit the batches that may be written; each of the others fails with its own error.

        ``after_abort``: they were in a transaction that was aborted, so their rows are checked.
        Raises what `TransactionalWriter.write` does.
        """
        self._renew_if_disturbed(member)
        # 1. Another worker may have owned a partition before the producer was replaced, and the
        #    marker of an abort may have been the end of what hangs.
        ready = self._with_committed_row(member.writer, taken, after_abort)
        # 2. The offsets to be committed must be those of the row's topic.
        ready = self._with_confirmed_topic(ready)
        # 3. A marker decides what hangs only where the transaction writes.
        ready = self._without_hanging(ready)
        if ready:
            member.writer.write([each.part for each in ready], member.group, self._check_rows)
            for each in ready:
                each.task.renewed(member.writer.producers)

    def _renew_if_disturbed(self, member: Member) -> None:
        # A producer that lost a connection is replaced. Where a broker leaves in order, librdkafka
        # reports nothing; the group's consumer does.
        coordinator = self._consumer().coordinator
        if member.writer.disturbed or self._coordinator != coordinator:
            member.writer.renew()
            self._coordinator = coordinator

    def _with_committed_row(
        self, writer: Writer, taken: Sequence[Waiting], after_abort: bool
    ) -> Sequence[Waiting]:
        """Those whose last row is still the one that was committed last."""
        renewed = [each for each in taken if each.task.producer != writer.producers]
        for each in renewed:
            each.task.doubt_source()
        doubted = taken if after_abort else renewed
        ready = _without(self._changed([each.part for each in doubted]), taken)
        for each in ready:
            each.task.renewed(writer.producers)
        return ready

    def _with_confirmed_topic(self, ready: Sequence[Waiting]) -> Sequence[Waiting]:
        doubted = [each.task for each in ready if not each.task.is_confirmed]
        return _without(self._sources.confirm(doubted) if doubted else {}, ready)

    def _without_hanging(self, ready: Sequence[Waiting]) -> Sequence[Waiting]:
        """Those whose markers decide nothing of a transaction that hangs.

        They would where one task's last transaction and this one have some partitions in common,
        and the last one has others, its row's among them.
        """
        places: frozenset[TP] = frozenset().union(*(each.part.places for each in ready))
        own = {each.task.tp for each in ready}
        others = [task for tp, task in list(self._tasks.items()) if tp not in own]
        in_part = [each.task for each in ready if each.task.written - each.part.places]
        in_part += [task for task in others if task.written & places]
        hanging = self._rows.hanging_before([task.tp for task in in_part]) if in_part else {}
        errors = dict(hanging)
        for task in in_part:
            if task.tp in hanging:
                met = [each for each in ready if each.part.places & task.written]
                errors |= {each.task.tp: hanging[task.tp] for each in met}
        return _without(errors, ready)

    def _changed(self, parts: Sequence[Part]) -> Mapping[TP, StateMismatch]:
        committed = {part.source: part.committed for part in parts}
        return self._rows.changed(committed) if committed else {}

    def _check_rows(self, parts: Sequence[Part]) -> None:
        for error in self._changed(parts).values():
            raise error


def _without(errors: Mapping[TP, Exception], batches: Sequence[Waiting]) -> Sequence[Waiting]:
    """Fail the batches of these source partitions; returns the others."""
    for each in batches:
        if each.task.tp in errors:
            each.fail(errors[each.task.tp])
    return [each for each in batches if each.task.tp not in errors]
