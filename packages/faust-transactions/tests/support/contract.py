"""What every :class:`Transactions` promises an agent, written once and run against each.

A test module subclasses :class:`TransactionsContract` and gives it a ``backend`` fixture. The agent
is `engine_app.copying`: one record out for each record in, key = partition and offset.
"""

from __future__ import annotations

from typing import Protocol

from support.engine_app import RARE

__all__ = ["Backend", "TransactionsContract"]


class Backend(Protocol):
    """The copying agent on some implementation, fed through partition 0 of one topic."""

    def send(self, *values: bytes) -> None:
        """Send records and wait until all that were sent are done."""

    def restart(self) -> None:
        """Start over with what was committed; what was sent before may be delivered again."""

    def copies(self) -> list[tuple[bytes | None, bytes | None]]:
        """Key and value of what was written to the first output, in order."""

    def rare(self) -> list[bytes | None]:
        """Keys of what was written to the second output, in order."""

    def position(self) -> int:
        """``next_offset`` of the row."""


class TransactionsContract:
    """The suite. Each test begins with an empty topic and no row."""

    def test_every_record_is_handed_out_once_and_in_order(self, backend: Backend) -> None:
        values = [b"%d" % number for number in range(RARE + 20)]
        backend.send(*values[:10])
        backend.send(*values[10:])
        assert backend.copies() == [(b"0-%d" % at, value) for at, value in enumerate(values)]

    def test_all_outputs_of_a_batch_and_its_row_are_committed_together(
        self, backend: Backend
    ) -> None:
        backend.send(*[b"%d" % number for number in range(RARE + 1)])
        assert backend.rare() == [b"0-0", b"0-%d" % RARE]
        assert backend.position() == RARE + 1

    def test_of_a_block_that_raises_nothing_is_committed_and_the_batch_comes_again(
        self, backend: Backend
    ) -> None:
        backend.send(b"one")
        backend.send(b"two", b"raise in the contract", b"three")
        values = [value for _, value in backend.copies()]
        assert values == [b"one", b"two", b"raise in the contract", b"three"]
        assert backend.position() == 4

    def test_what_was_committed_is_not_handed_out_again(self, backend: Backend) -> None:
        backend.send(b"one", b"two")
        backend.restart()
        backend.send(b"three")
        assert [value for _, value in backend.copies()] == [b"one", b"two", b"three"]
        assert backend.position() == 3

    def test_a_value_may_be_empty(self, backend: Backend) -> None:
        backend.send(b"", b"x")
        assert backend.copies() == [(b"0-0", b""), (b"0-1", b"x")]
