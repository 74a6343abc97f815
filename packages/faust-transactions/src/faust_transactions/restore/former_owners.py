"""Fences former owners of partitions that have left the group.

Rows name them (`stores/signature.py`). Members are not fenced: each has ended or stopped its
transaction before it joined the present generation. docs/engine.md has this in full.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from faust_transactions.errors import Fenced
from faust_transactions.protocols import Writer
from faust_transactions.restore.asking import Calls
from faust_transactions.stores.signature import member_of, transactional_id

__all__ = ["FormerOwners"]

logger = logging.getLogger(__name__)


class FormerOwners:
    """The former owners in one restore.

    ``own`` is this worker's writer. ``members`` asks for the ids of the group's members; None where
    the brokers do not know the question. ``new_writer`` makes a writer by a transactional id.
    """

    def __init__(
        self,
        app_id: str,
        own: Writer,
        members: Callable[[], Awaitable[Collection[str] | None]],
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
        """The writers that fenced them, by transactional id."""
        return self._fenced

    async def fence(self, names: Collection[str], *, members_too: bool = False) -> bool:
        """Fence those of ``names`` that have left the group; with ``members_too`` all of them.

        Names that are no transactional ids of this app are ignored, else whoever may write to the
        changelog could have any producer fenced. Each is fenced once, until `forget`; its last
        transaction is committed or aborted then. Returns whether this call fenced any. Raises
        :class:`Fenced` when this worker is not a member itself, and what
        `TransactionalWriter.fence` does.
        """
        ours = {name for name in names if member_of(self._app_id, name) is not None}
        others = ours - {self._own.transactional_id} - self._fenced.keys()
        if others:
            present = await self._present()
            others -= set() if members_too else present
        writers = {name: self._new_writer(name) for name in sorted(others)}
        why = "whose transaction has not ended" if members_too else "which has left the group"
        try:
            for name in writers:
                logger.info("fencing %s, %s", name, why)
            await self._calls.each(
                list(writers.values()), [writer.fence for writer in writers.values()]
            )
        finally:
            self._fenced |= writers
        return bool(writers)

    async def check_membership(self) -> None:
        """Raise :class:`Fenced` when this worker is not a member of its group."""
        await self._present()

    def forget(self, writer: Writer) -> None:
        """Close a writer that another worker has fenced; `fence` makes a new one for its id."""
        if self._fenced.pop(writer.transactional_id, None) is not None:
            writer.leave()

    async def _present(self) -> set[str]:
        """The transactional ids of the group's members."""
        found = await self._members()
        if found is None:
            return set()
        if member_of(self._app_id, self._own.transactional_id) not in found:
            # The group is in a later generation, so its members say nothing of this assignment.
            raise Fenced("no longer a member of its consumer group")
        return {transactional_id(self._app_id, member) for member in found}

    def close(self) -> None:
        """Close the writers, without waiting for the brokers."""
        for writer in self._fenced.values():
            writer.leave()
