"""Records whose headers have any bytes for a name are read; all else is as aiokafka reads it."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords
from faust_transactions.kafka.header_names import TolerantRecords
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_records import Record, builder, raw_headers


def batch(records: Sequence[Record], *, offset: int = 0, compression: int = 0) -> bytes:
    made = builder(compression)
    for number, (key, value, headers) in enumerate(records):
        made.append(number, 1_000 + number, key, value, raw_headers(headers))
    written = bytearray(made.build())
    struct.pack_into(">q", written, 0, offset)
    return bytes(written)


def read(records: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    while records.has_next():
        one = records.next_batch()
        assert one.validate_crc()
        found += [
            (each.offset, each.timestamp, each.key, each.value, list(each.headers)) for each in one
        ]
        found.append((one.base_offset, one.next_offset, one.is_control_batch, one.producer_id))
    assert records.next_batch() is None
    return found


contents = st.none() | st.binary(max_size=20)
utf8 = st.text(max_size=8).map(str.encode)


def records_with(names: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[Record]]:
    headers = st.lists(st.tuples(names, contents), max_size=3)
    return st.lists(st.tuples(contents, contents, headers), min_size=1, max_size=5)


@given(st.lists(records_with(utf8), max_size=3), st.sampled_from([0, 1, 2, 3, 4]))
def test_what_aiokafka_reads_is_read_the_same(parts: list[list[Record]], compression: int) -> None:
    data = b"".join(
        batch(records, offset=10 * number, compression=compression)
        for number, records in enumerate(parts)
    )
    for given_data in (data, data[:-1], data + data[:50]):
        assert read(TolerantRecords(given_data)) == read(MemoryRecords(given_data))
        assert TolerantRecords(given_data).size_in_bytes() == len(given_data)


@given(records_with(st.binary(max_size=8)), st.sampled_from([0, 1, 2, 3, 4]))
def test_names_of_any_bytes_are_read_and_nothing_else_differs(
    records: list[Record], compression: int
) -> None:
    before: list[Record] = [(b"k", b"v", [(b"n", b"c")])]
    behind: list[Record] = [(None, b"w", [])]
    data = batch(before) + batch(records, offset=1, compression=compression)
    data += batch(behind, offset=1 + len(records))
    found = read(TolerantRecords(data))
    each = [one for one in found if len(one) == 5]
    told = [(key, value, headers) for _, _, key, value, headers in each]
    assert told == [
        (key, value, [(name.decode("utf-8", "backslashreplace"), what) for name, what in headers])
        for key, value, headers in [*before, *records, *behind]
    ]
    assert [one[0] for one in each] == list(range(len(records) + 2))


def test_aiokafka_alone_cannot_read_them() -> None:
    """When it can, this module may go."""
    with pytest.raises(UnicodeDecodeError):
        read(MemoryRecords(batch([(None, b"v", [(b"\xff", b"c")])])))
