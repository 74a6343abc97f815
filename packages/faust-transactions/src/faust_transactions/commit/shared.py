"""One transaction for the batches of several partitions. Blocking: in the committer's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faust_transactions.commit.part import Part
from faust_transactions.errors import SourceMismatch, StateMismatch
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
    """Writes what is ready. A batch that may not be written holds up no other."""

    def __init__(
        self, *, rows: RowChecks, sources: SourceChecks, consumer: Callable[[], BatchSource]
    ) -> None:
        self._rows = rows
        self._sources = sources
        self._consumer = consumer
        self._writer: Writer | None = None
        self._coordinator: object = None

    def assigned(self, writer: Writer, coordinator: object) -> None:
        """Note the group's coordinator for which a new writer's producer was made."""
        if writer is not self._writer:
            self._writer, self._coordinator = writer, coordinator

    def write(self, member: Member, taken: Sequence[Waiting], *, after_abort: bool = False) -> None:
        """Commit what may be committed; what may not has failed then, each batch for itself.

        ``after_abort``: these were in a transaction that was aborted. Raises what
        `TransactionalWriter.write` does.
        """
        self._renew_if_disturbed(member)
        ready = self._without_hanging(
            [each for each in taken if self._may_be_written(member, each, after_abort)]
        )
        if ready:
            member.writer.write([each.part for each in ready], member.group)
            for each in ready:
                each.task.renewed(member.writer.producers)

    def _renew_if_disturbed(self, member: Member) -> None:
        # A producer that lost a connection is replaced. Where a broker leaves in order, librdkafka
        # reports nothing; the group's consumer does.
        coordinator = self._consumer().coordinator
        if member.writer.disturbed or self._coordinator != coordinator:
            member.writer.renew()
            self._coordinator = coordinator

    def _may_be_written(self, member: Member, each: Waiting, after_abort: bool) -> bool:
        task = each.task
        try:
            # 1. Another worker may have owned the partition before the producer was replaced, and
            #    the marker of an abort may have been the end of what hangs.
            renewed = task.producer != member.writer.producers
            if renewed:
                task.doubt_source()
            if renewed or after_abort:
                each.part.check_row()
                task.renewed(member.writer.producers)
            # 2. The offsets to be committed must be those of the row's topic.
            if not task.is_confirmed:
                self._sources.confirm(task)
        except (SourceMismatch, StateMismatch) as exc:
            each.fail(exc)
            return False
        return True

    def _without_hanging(self, ready: Sequence[Waiting]) -> Sequence[Waiting]:
        """Those that follow on a transaction which has its markers, where they must be there."""
        # Where the last transaction wrote and this one does not.
        leaving_out = [each.task.tp for each in ready if each.task.written - each.part.places]
        hanging = self._rows.hanging_before(leaving_out) if leaving_out else {}
        for each in ready:
            if each.task.tp in hanging:
                each.fail(hanging[each.task.tp])
        return [each for each in ready if each.task.tp not in hanging]
