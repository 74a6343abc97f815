from faust_transactions.kafka.tail_search import TailSearch
from hypothesis import given
from hypothesis import strategies as st


def test_a_record_in_the_last_offsets_is_found_by_one_look() -> None:
    search = TailSearch(begin=0, end=1_000_000)
    assert search.start == 1_000_000 - 64
    assert search.advance(999_990, found=True) is None
    assert not search.settled, "it may not be the last one yet"
    assert search.advance(1_000_000, found=False) is None
    assert search.settled


def test_an_end_without_records_widens_the_search() -> None:
    search = TailSearch(begin=100, end=1_000)
    assert search.advance(1_000, found=False) == 1_000 - 512
    assert search.advance(1_000, found=False) == 100
    assert search.advance(1_000, found=False) is None
    assert search.settled


def test_an_empty_partition_is_settled_at_once() -> None:
    search = TailSearch(begin=7, end=7)
    assert search.advance(7, found=False) is None
    assert search.settled


def test_a_broker_with_nothing_more_to_give_ends_a_look_short_of_the_end() -> None:
    search = TailSearch(begin=0, end=50)
    assert search.advance(40, found=True) is None
    assert not search.settled
    assert search.advance(40, found=False, exhausted=True) is None
    assert search.settled


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_last_record_is_found_wherever_it_is_and_at_a_bounded_cost(
    begin: int, length: int, from_end: int
) -> None:
    end = begin + length
    record = end - 1 - from_end  # may be before the begin: there is none then
    search = TailSearch(begin, end)
    start, read, found = search.start, 0, False
    while not search.settled:
        read += end - start
        found = found or start <= record < end
        back = search.advance(end, found=start <= record < end)
        if back is not None:
            assert begin <= back < start
            start = back
    assert found == (begin <= record < end)
    assert read <= length * 15 / 7 + 64
