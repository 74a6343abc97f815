"""Ends what former owners may have open in partitions that are being restored.

A former owner can commit a row only if the group accepted its offset in an older generation. Before
that it delivered a row that names it. So the last committed row names it, or an open one after
that. If it has left the group, it is fenced; if it is a member, it has ended or stopped its
transaction, and its markers are waited for. docs/engine.md has the proof.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from faust.types import TP

from faust_transactions.errors import Fenced, TransactionRefused
from faust_transactions.kafka.hanging import LATE, Headers
from faust_transactions.kafka.tail import LastRecord
from faust_transactions.protocols import Writer
from faust_transactions.restore.asking import SIDE_BY_SIDE, Calls
from faust_transactions.restore.former_owners import FormerOwners
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.signature import signed_by

__all__ = ["HandOver", "OpenRows", "Owned", "fence_old_id"]

logger = logging.getLogger(__name__)

#: Pauses (s) between checks of what is open; what outlasts the last needs an operator.
FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0


class OpenRows(Protocol):
    """What is open in partitions: `OpenTransactions`. Blocking."""

    def since(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """The partitions with an open transaction, and the offset where the first begins."""

    def headers_since(self, offsets: Mapping[TP, int]) -> Mapping[TP, Sequence[Headers]]:
        """The headers of each record from an offset on, committed or not."""


class Owned(Protocol):
    """A partition to restore: `StreamTask`."""

    @property
    def tp(self) -> TP:
        """The source partition."""

    @property
    def name(self) -> str:
        """Its name in the log."""


class HandOver:
    """The hand-over of one restore.

    ``row_of`` maps a source partition to the changelog partition of its row, ``outputs`` has the
    topics that are written to in the partition's own number, ``old_writer`` makes the writer by
    version 0.1's id.
    """

    def __init__(
        self,
        tasks: Sequence[Owned],
        own: Writer,
        former: FormerOwners,
        *,
        calls: Calls,
        open_rows: OpenRows,
        row_of: Callable[[TP], TP],
        outputs: Mapping[str, Sequence[str]],
        old_writer: Callable[[TP], Writer],
    ) -> None:
        self._by_row = {row_of(task.tp): task for task in tasks}
        self._own = own
        self._former = former
        self._calls = calls
        self._open = open_rows
        self._outputs = outputs
        self._old_writer = old_writer
        self._old: dict[TP, Writer] = {}
        self._fenced_old = False

    async def shut_out(self, open_since: Mapping[TP, int], rows: Mapping[TP, LastRecord]) -> bool:
        """Return when no former owner can commit any more, and nothing is open.

        ``open_since`` was asked for before the ``rows`` were read, so a row that was committed in
        between is in one or the other. Returns whether the rows must be read again.
        """
        names = {signed_by(rows[row].headers) for row in self._by_row if row in rows}
        for found in (await self._signatures(open_since)).values():
            names |= found
        await self._former.fence({name for name in names if name is not None})
        await self._fence_old(rows, open_since)
        if not open_since and not self._former.fenced and not self._fenced_old:
            return False
        await self._wait_until_closed()
        return True

    def close(self) -> None:
        """Close the writers of former owners, without waiting for the brokers."""
        self._former.close()
        for writer in self._old.values():
            writer.leave()

    async def _signatures(self, open_since: Mapping[TP, int]) -> dict[TP, set[str | None]]:
        """The transactional ids in rows that are open or come after one; None for a row without."""
        if not open_since:
            return {}
        records = await self._calls.ask(self._open.headers_since, open_since)
        return {row: {signed_by(headers) for headers in found} for row, found in records.items()}

    async def _fence_old(self, rows: Mapping[TP, LastRecord], open_since: Mapping[TP, int]) -> None:
        """Fence owners of version 0.1, by the ids that they had.

        Only where the row has no header ``source-topic``, or there is no row. The writers of those
        that have something open are kept: it may have to be aborted.
        """
        theirs = [
            row
            for row in self._by_row
            if row not in rows or TopicIdentity.from_headers(rows[row].headers) is None
        ]
        for first in range(0, len(theirs), SIDE_BY_SIDE):
            some = theirs[first : first + SIDE_BY_SIDE]
            made = {row: self._old_writer(self._by_row[row].tp) for row in some}
            try:
                await self._calls.each(
                    list(made.values()),
                    [partial(fence_old_id, writer, row in rows) for row, writer in made.items()],
                )
            finally:
                for row, writer in made.items():
                    if row in open_since:
                        self._old[row] = writer
                    else:
                        writer.leave()
        self._fenced_old = bool(theirs)

    async def _wait_until_closed(self) -> None:
        """Return when nothing is open in the rows' partitions, which only the engine writes to."""
        pause, waited, is_new = FIRST_PAUSE, 0.0, True
        while open_since := await self._calls.ask(self._open.since, list(self._by_row)):
            late = waited >= LATE
            signatures = await self._signatures(open_since)
            names = {name for found in signatures.values() for name in found if name is not None}
            # What a member left open it ends itself. If it does not, its markers are lost.
            if await self._former.fence(names, members_too=late):
                is_new = True
                continue
            if waited == 0.0 and names:
                others = ", ".join(sorted(names))
                logger.info("waiting for the open transaction of %s to end", others)
            if waited >= LATE + LAST_PAUSE:
                self._log_foreign(open_since)
                # No heartbeat is sent meanwhile: a worker that was expelled must rejoin.
                await self._former.check_membership()
            if is_new or pause == LAST_PAUSE:
                await self._abort(signatures, late=late)
                is_new = False
            await self._calls.pause(pause)  # the markers are written after the abort has returned
            waited += pause
            pause = min(pause * 2, LAST_PAUSE)

    def _log_foreign(self, open_since: Mapping[TP, int]) -> None:
        for row, offset in open_since.items():
            # Another producer's, which only its id and epoch can end.
            logger.error(
                "%s: cannot restore: another producer's transaction hangs in its changelog; "
                "abort it with kafka-transactions.sh --bootstrap-server ... abort --topic %s "
                "--partition %d --start-offset %d",
                self._by_row[row].name,
                row.topic,
                row.partition,
                offset,
            )

    async def _abort(self, signatures: Mapping[TP, set[str | None]], *, late: bool) -> None:
        """Abort what hangs: it is open though its writer was fenced, or has ended it long ago."""
        usable = [
            *self._former.fenced.values(),
            *self._old.values(),
            *([self._own] if late else []),
        ]
        for writer in usable:
            rows = [row for row, found in signatures.items() if self._is_by(writer, row, found)]
            if rows:
                await self._abort_by(writer, rows)

    def _is_by(self, writer: Writer, row: TP, found: set[str | None]) -> bool:
        by_old = None in found and self._old.get(row) is writer
        return by_old or writer.transactional_id in found

    async def _abort_by(self, writer: Writer, rows: Sequence[TP]) -> None:
        """In one transaction: a restore must not take longer than the group's session."""
        outputs = []
        for row in rows:
            task = self._by_row[row]
            topics = self._outputs.get(task.tp.topic, ())
            outputs += [TP(topic, task.tp.partition) for topic in topics]
            logger.warning(
                "%s: the brokers lost the end of its last transaction; aborting it, its records "
                "are processed again",
                task.name,
            )
        found = await self._calls.ask(self._open.since, [*rows, *outputs])
        try:
            await self._calls.each([writer], [partial(writer.abort_in, list(found))])
        except Fenced as exc:
            if writer is self._own or writer in self._old.values():
                raise  # the next restore makes new ones
            # Another worker restores a partition of the same former owner and has fenced this
            # writer. Each aborts its own.
            logger.info("fenced while aborting what %s has open: %s", writer.transactional_id, exc)
            self._former.forget(writer)


def fence_old_id(writer: Writer, has_row: bool) -> None:
    """Fence by a transactional id of version 0.1. Blocks; raises as `TransactionalWriter.fence`.

    Where 0.1 wrote no row, a refusal is ignored: an app that is new may have no right to ids that
    it never used.
    """
    try:
        writer.fence()
    except TransactionRefused:
        if has_row:
            raise
