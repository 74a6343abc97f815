from hypothesis import given
from hypothesis import strategies as st

from records import PartitionCounts, counts_document
from records.totals import lag, progress_document, summed

ROWS = st.dictionaries(
    st.integers(0, 20),
    st.builds(PartitionCounts, *[st.integers(0, 1000) for _ in range(5)]),
)


@given(ROWS, st.sets(st.integers(0, 20)))
def test_the_totals_are_the_sums_of_the_partitions(
    rows: dict[int, PartitionCounts], partitions: set[int]
) -> None:
    document = counts_document(rows, partitions)
    each = document["partitions"].values()
    assert list(document["partitions"]) == [str(n) for n in sorted({*rows, *partitions})]
    for name in ("authorized", "review", "unauthorized", "dead_letters"):
        assert document[name] == sum(one[name] for one in each)
    assert document["total"] == sum(row.total for row in rows.values())


def test_a_partition_without_a_row_has_nothing_done() -> None:
    assert counts_document({}, [1])["partitions"] == {
        "1": {"authorized": 0, "review": 0, "unauthorized": 0, "dead_letters": 0, "next_offset": 0}
    }


def test_the_document_without_partitions_is_all_nothing() -> None:
    assert counts_document({}) == {
        "authorized": 0,
        "review": 0,
        "unauthorized": 0,
        "total": 0,
        "dead_letters": 0,
        "partitions": {},
    }


def test_lag_is_what_lies_between_the_row_and_the_end() -> None:
    rows = {0: PartitionCounts(next_offset=7)}
    assert lag(0, rows, {}, {0: 10}) == 3
    assert lag(1, rows, {}, {1: 10}) == 10
    assert lag(0, rows, {}, {}) is None
    assert lag(0, rows, {}, {0: 5}) == 0, "the end was looked at before the row"


def test_what_was_deleted_is_no_lag() -> None:
    rows = {0: PartitionCounts(next_offset=7)}
    assert lag(0, rows, {0: 9}, {0: 10}) == 1, "two offsets were never judged, nor will they be"
    assert lag(0, rows, {0: 2}, {0: 10}) == 3
    assert lag(1, rows, {1: 9}, {1: 10}) == 1, "deleted before the partition was ever judged"


def test_reasons_of_all_partitions_come_with_the_most_frequent_first() -> None:
    found = summed([{"a": 1, "b": 2}, {"c": 9, "b": 1}])
    assert list(found.items()) == [("c", 9), ("b", 3), ("a", 1)]


def test_a_partition_has_an_owner_or_none_or_it_is_not_known() -> None:
    rows = {0: PartitionCounts(worker="who wrote the row")}

    def told(owners: dict[int, str] | None) -> list[str | None]:
        document = progress_document(rows, {}, {1: 5}, owners=owners)
        return [one["owner"] for one in document["partitions"]]

    assert told({0: "a:6066"}) == ["a:6066", ""]
    assert told(None) == [None, None]
