"""Fences the workers that partitions are taken over from, once they have left the group.

Which ones: those that the partitions' rows name (`stores/signature.py`). A worker that is still a
member of the group ended its transactions before it joined the present generation, or ends them
itself; it is not fenced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from faust_transactions.errors import Fenced
from faust_transactions.protocols import Writer
from faust_transactions.restore.asking import Calls
from faust_transactions.stores.signature import member_of, transactional_id

__all__ = ["FormerOwners"]

logger = logging.getLogger(__name__)


class FormerOwners:
    """Those of one restore. ``own`` is the writer of this worker, ``members`` asks for the group's.

    ``new_writer`` makes a writer by a transactional id.
    """

    def __init__(
        self,
        app_id: str,
        own: Writer,
        members: Callable[[], Collection[str] | None],
        calls: Calls,
        new_writer: Callable[[str], Writer],
    ) -> None:
        self._app_id = app_id
        self._own = own
        self._members = members
        self._calls = calls
        self._new_writer = new_writer
        self._fenced: dict[str, Writer] = {}

    @property
    def fenced(self) -> Mapping[str, Writer]:
        """The writers of those that were fenced, by transactional id."""
        return self._fenced

    async def fence(self, names: Collection[str], *, members_too: bool = False) -> bool:
        """Fence those that have left the group; with ``members_too`` also those that have not.

        Names that are no ids of this app's workers are ignored: whoever may write to the changelog
        would otherwise choose whom this worker fences. Returns whether there was one that was not
        fenced before; its last transaction is committed or aborted then. Raises :class:`Fenced`
        when this worker is no member itself, and what `TransactionalWriter.fence` raises.
        """
        ours = {name for name in names if member_of(self._app_id, name) is not None}
        others = ours - {self._own.transactional_id} - self._fenced.keys()
        if others:
            present = await self._present()
            others -= set() if members_too else present
        writers = {name: self._new_writer(name) for name in sorted(others)}
        try:
            for name in writers:
                logger.info("fencing %s, which has left the group", name)
            await self._calls.each(
                list(writers.values()), [writer.fence for writer in writers.values()]
            )
        finally:
            self._fenced |= writers
        return bool(writers)

    def forget(self, writer: Writer) -> None:
        """Leave a writer that was fenced itself: who is fenced again gets a new one."""
        if self._fenced.pop(writer.transactional_id, None) is not None:
            writer.leave()

    async def _present(self) -> set[str]:
        """The transactional ids of the group's members."""
        found = await self._calls.ask(self._members)
        if found is None:
            return set()
        if member_of(self._app_id, self._own.transactional_id) not in found:
            # Who is in the group now is not who its partitions were distributed to.
            raise Fenced("no longer a member of its consumer group")
        return {transactional_id(self._app_id, member) for member in found}

    def close(self) -> None:
        """Leave the writers."""
        for writer in self._fenced.values():
            writer.leave()
