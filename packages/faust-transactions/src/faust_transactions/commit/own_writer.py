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
    """Made anew when the worker becomes another member of its group, or the writer is of no use.

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
        """Write as this member of the group; whatever it left open before is aborted.

        Raises :class:`Fenced` when the worker was expelled since.
        """
        if generation < 0 or not member_id:
            # Offsets of no generation are not checked: the group would refuse none of them.
            raise Fenced("this worker is no member of its group any more")
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
        """Give the writer up, without waiting for the brokers; `join` makes another."""
        writer = self.take()
        if writer is not None:
            writer.leave()

    def take(self) -> W | None:
        """Hand the writer over to who closes it."""
        writer, self._writer = self._writer, None
        return writer
