"""Commits batches: those that become ready together share one transaction of the worker.

::

    begin ─► agent's block ─► queue ─┐
    begin ─► agent's block ─► queue ─┼─► one transaction ─► rows, outputs, group offsets visible
    begin ─► agent's block ─► queue ─┘

Batches that become ready while a transaction is written, or within `LINGER` seconds, share the next
one. A partition whose block waits (for a service, say) is not among them, so it delays no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from faust_transactions.commit.part import Part
from faust_transactions.commit.shared import Member, SharedTransactions, Waiting
from faust_transactions.errors import Abandoned, StateMismatch, TransactionRefused
from faust_transactions.protocols import Writer
from faust_transactions.task import State, StreamTask
from faust_transactions.thread import CallThread

__all__ = ["Committer", "Member"]

logger = logging.getLogger(__name__)

#: Outputs of a transaction, unless a single batch has more. Up to as many wait for the next one,
#: so this bounds the memory of a worker with many partitions, too (docs/adr/0037).
MAX_OUTPUTS = 10_000
#: How long (s) a transaction waits for more batches, like a producer's ``linger.ms``: those of one
#: fetch become ready one by one. Without it the first has a transaction of its own, and the others
#: wait for its end. Measured at 1,000 records/s in 4 partitions: docs/adr/0035.
LINGER = 0.001


class Committer:
    """Writes transactions in a thread of its own, one at a time.

    ``on_aborted`` is given the number of transactions that were aborted and tried again.
    """

    def __init__(
        self,
        transactions: SharedTransactions,
        *,
        timeout: float,
        on_aborted: Callable[[int], None],
    ) -> None:
        self._transactions = transactions
        self._timeout = timeout
        self._on_aborted = on_aborted
        self._thread = CallThread("commit")
        self._member: Member | None = None
        self._queue: list[Waiting] = []
        self._running: asyncio.Task[None] | None = None
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()
        #: Whether the writer can go on: it was neither fenced nor stopped.
        self._is_usable = True

    # -- the worker's place in its group

    def assigned(self, member: Member, coordinator: object) -> None:
        """Write as this member from now on; `finish` comes before it.

        ``coordinator`` is the group's, as it was before the writer was made.
        """
        self._member, self._is_usable = member, True
        self._transactions.assigned(member.writer, coordinator)

    @property
    def transactional_id(self) -> str:
        """Of the writer that it writes with."""
        return "" if self._member is None else self._member.writer.transactional_id

    async def finish(self, seconds: float) -> bool:
        """Wait for the transaction under way; after ``seconds`` its writer is stopped.

        To be called when the tasks are closed. Returns whether the writer can go on: it was neither
        fenced nor stopped. A commit that has not begun by the end of this never will.
        """
        self._queue, left = [], self._queue
        self._update_capacity()
        for waiting in left:
            waiting.settle(Abandoned("revoked"))
        running, member = self._running, self._member
        if running is not None and member is not None:
            _, late = await asyncio.wait({running}, timeout=seconds)
            if late:
                self._give_up(member.writer)
                running.cancel()  # batches of the next assignment do not wait for it
                self._running, self._is_usable = None, False
        return self._is_usable

    async def close(self, writer: Writer, seconds: float) -> None:
        """Close a writer, in ``seconds`` at most: its thread may wait for the brokers."""
        closing = asyncio.ensure_future(self._thread.run(writer.close))
        _, late = await asyncio.wait({closing}, timeout=seconds)
        if late:
            closing.cancel()
            logger.warning("producer not closed within %g s: the brokers do not answer", seconds)
        elif error := closing.exception():
            logger.debug("%s", error)  # a fenced producer reports it once more
        self._thread.close()

    def _give_up(self, writer: Writer) -> None:
        """Leave a call that may never return to its thread; the writer stops before the commit."""
        writer.stop()
        self._thread.close()
        self._thread = CallThread("commit")

    # -- committing

    async def commit(self, task: StreamTask, part: Part) -> None:
        """Commit a batch. Raises what `TransactionalWriter.write` does, and `SourceMismatch`.

        TimeoutError when its transaction takes too long: its end is not known then.
        """
        waiting = Waiting(task, part, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._update_capacity()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await asyncio.shield(waiting.done)

    async def wait_for_capacity(self) -> None:
        """Wait until the next transaction is not full; what is worked on before takes memory."""
        while not self._has_capacity.is_set():  # whoever was woken before may have filled it again
            await self._has_capacity.wait()

    def _update_capacity(self) -> None:
        if sum(len(waiting.part.outputs) for waiting in self._queue) < MAX_OUTPUTS:
            self._has_capacity.set()
        else:
            self._has_capacity.clear()

    async def _run(self) -> None:
        try:
            while self._queue:
                await asyncio.sleep(LINGER)
                if taken := self._take():  # none when the partitions were revoked meanwhile
                    await self._write(taken)
        finally:
            if self._running is asyncio.current_task():
                self._running = None

    def _take(self) -> Sequence[Waiting]:
        """The batches of the next transaction, in the order in which they came."""
        for waiting in self._queue:
            if waiting.task.state is not State.RUNNING:
                waiting.settle(Abandoned("the partition was stopped or left"))
        self._queue = [waiting for waiting in self._queue if not waiting.done.done()]
        number, outputs = 0, 0
        for waiting in self._queue:
            outputs += len(waiting.part.outputs)
            if number and outputs > MAX_OUTPUTS:
                break
            number += 1
        taken, self._queue = self._queue[:number], self._queue[number:]
        self._update_capacity()
        return taken

    async def _write(self, taken: Sequence[Waiting], *, after_abort: bool = False) -> None:
        error: Exception | None = Abandoned("revoked")  # where it is cancelled
        for each in taken:
            each.task.begin_commit()
        try:
            error = await self._outcome(taken, after_abort)
        finally:
            for each in taken:
                each.task.end_commit()
                each.settle(error)

    async def _outcome(self, taken: Sequence[Waiting], after_abort: bool) -> Exception | None:
        """Write a transaction; what ended it, if not a commit."""
        try:
            await self._within_timeout(taken, after_abort)
        except (StateMismatch, TransactionRefused) as exc:
            waiting = [each for each in taken if not each.done.done()]
            if len(waiting) == 1:
                return exc
            # One of them is the cause: each alone, so that it holds up no other.
            for each in waiting:
                await self._write([each], after_abort=True)
        except Exception as exc:  # noqa: BLE001 - whoever waits for it decides
            self._is_usable = False
            return exc
        return None

    async def _within_timeout(self, taken: Sequence[Waiting], after_abort: bool) -> None:
        member = self._member
        if member is None:  # no batch comes before an assignment
            raise Abandoned("not a member of the consumer group")
        write = partial(self._transactions.write, member, taken, after_abort=after_abort)
        aborted = member.writer.aborted
        try:
            async with asyncio.timeout(self._timeout):
                await self._thread.run(write)
        except TimeoutError:
            # A call into librdkafka may never return, also when the brokers are back
            # (librdkafka#5456). The next owner reads from the row whether it committed.
            waited_for = member.writer.waiting_for
            self._give_up(member.writer)
            reason = f"no commit in {self._timeout:g} s"
            raise TimeoutError(f"{reason}: {waited_for}" if waited_for else reason) from None
        finally:
            self._on_aborted(member.writer.aborted - aborted)
