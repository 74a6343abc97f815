r"""Header names that are not UTF-8: a record with one must not stop its partition.

Kafka's protocol says that the name of a header is UTF-8 and no broker checks it, so anybody who may
write can send others. aiokafka 0.14 raises UnicodeDecodeError then, out of the fetch, and does so
whenever the record is fetched: the worker ends, and ends again after each restart. Here such a
batch of records is read once more, with what is wrong in a name escaped (``\\xff``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

__all__ = ["accept_any_header_names"]


def accept_any_header_names() -> None:
    """Make the aiokafka consumers of this process read such records; may be called again."""
    fetcher.MemoryRecords = TolerantRecords


class TolerantRecords:
    """The batches of a fetch, as ``aiokafka.record.MemoryRecords`` gives them."""

    def __init__(self, data: bytes) -> None:
        self._batches = MemoryRecords(data)
        # Walks over the same bytes, to know where each batch is.
        self._slices = _MemoryRecordsPy(data)

    def size_in_bytes(self) -> int:
        """The size of the fetch, an incomplete batch at its end included."""
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        """Whether there is another complete batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """The next batch, None after the last one."""
        found = self._slices._next_slice
        batch = self._batches.next_batch()
        if batch is None or found is None:
            return batch
        self._slices._cache_next()
        return _TolerantBatch(batch, found)


class _TolerantBatch:
    """A batch of aiokafka's; only what is read of its records' headers may differ."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        done = 0
        try:
            # One by one: aiokafka's records are made anew from the memory of the one before.
            for record in self._batch:
                yield record
                done += 1
        except UnicodeDecodeError:
            yield from islice(_BatchWithAnyNames(self._data), done, None)


class _BatchWithAnyNames(_DefaultRecordBatchPy):  # type: ignore[misc]
    """The decoder in Python, which decodes nothing but the headers' names."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Escaping(self._buffer)


class _Escaping(bytearray):
    """Bytes that are text whatever they are."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return found if isinstance(found, int) else _Escaping(found)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text, what is not UTF-8 escaped."""
        return super().decode(encoding, "backslashreplace")
