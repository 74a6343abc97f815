"""A batch: records that one fetch brought of one partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["Batch", "SourceRecord"]


class SourceRecord(Protocol):
    """One record as it was fetched, nothing decoded.

    aiokafka's ``ConsumerRecord`` is one, and so is any object of a test with these attributes.
    ``timestamp`` is milliseconds since the epoch.
    """

    @property
    def offset(self) -> int:
        """Its offset in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch."""
        ...

    @property
    def key(self) -> bytes | None:
        """Its bytes, or None."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its bytes, or None for a tombstone."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """In the order in which they were sent."""
        ...


@dataclass(eq=False, slots=True)
class Batch:
    """Records of one partition, in the order of their offsets; never empty when the engine made it.

    An agent does not process ``records`` itself but takes the batch through
    :meth:`Transactions.begin`, which hands out nothing of a batch that is stale. After that block
    the batch holds no records any more; its length and offsets stay.
    """

    topic: str
    partition: int
    #: Not shown by ``repr``: whoever logs a batch does not mean to log what is in it.
    records: Sequence[SourceRecord] = field(repr=False)
    #: Who fetched it and when: set by the engine, ``None`` in a functional test.
    origin: Any = field(default=None, repr=False)
    _length: int = field(init=False, repr=False)
    _offsets: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep what is said about the records: they are released once the batch is done."""
        records = self.records
        self._length = len(records)
        self._offsets = (records[0].offset, records[-1].offset + 1) if records else (0, 0)

    def release(self) -> None:
        """Drop the records: an agent keeps its last batch until the next one comes."""
        self.records = ()

    @property
    def first_offset(self) -> int:
        """The offset of the first record."""
        return self._offsets[0]

    @property
    def next_offset(self) -> int:
        """The offset after the last record: what is committed once the batch is done."""
        return self._offsets[1]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[SourceRecord]:
        return iter(self.records)
