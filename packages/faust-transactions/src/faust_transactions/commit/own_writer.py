"""The writer of a worker, from one assignment to the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from faust_transactions.commit.client import group_metadata
from faust_transactions.commit.shared import Member
from faust_transactions.errors import Fenced
from faust_transactions.protocols import Writer
from faust_transactions.stores.signature import transactional_id

__all__ = ["OwnWriter"]

W = TypeVar("W", bound=Writer)


class OwnWriter(Generic[W]):
    """Keeps the writer over rebalances; a new one for another member id, or after `leave`.

    ``new_writer`` makes one by its transactional id, ``fence`` waits until it is ready.
    """

    def __init__(
        self, app_id: str, new_writer: Callable[[str], W], fence: Callable[[W], Awaitable[None]]
    ) -> None:
        self._app_id = app_id
        self._new_writer = new_writer
        self._fence = fence
        self._writer: W | None = None

    async def join(self, generation: int, member_id: str) -> Member:
        """The writer for this member of the group. A new one aborts what its id has open.

        Raises :class:`Fenced` when the worker is no longer a member.
        """
        if generation < 0 or not member_id:
            # The group does not check offsets that come without a generation.
            raise Fenced("this worker is no longer a member of its consumer group")
        name = transactional_id(self._app_id, member_id)
        if self._writer is not None and self._writer.transactional_id != name:
            self.leave()
        if self._writer is None:
            writer = self._new_writer(name)
            try:
                await self._fence(writer)
            except BaseException:
                writer.leave()
                raise
            self._writer = writer
        return Member(group_metadata(self._app_id, generation, member_id), self._writer)

    def leave(self) -> None:
        """Stop the writer, without waiting for the brokers; `join` makes a new one."""
        writer = self.detach()
        if writer is not None:
            writer.leave()

    def detach(self) -> W | None:
        """Return the writer for the caller to close, if there is one; `join` makes a new one."""
        writer, self._writer = self._writer, None
        return writer
