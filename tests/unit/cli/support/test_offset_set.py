from hypothesis import given
from hypothesis import strategies as st

from cli.reading.offset_set import OffsetSet

# Near to each other and to the borders of pages, and far away.
offsets = st.one_of(st.integers(0, 40), st.integers(65_520, 65_560), st.integers(0, 2**62))


def filled(values: list[int]) -> OffsetSet:
    made = OffsetSet()
    for value in values:
        made.add(value)
    return made


@given(st.lists(offsets), st.lists(offsets))
def test_it_is_a_set(mine: list[int], others: list[int]) -> None:
    assert list(filled(mine).minus(filled(others))) == sorted(set(mine) - set(others))
    assert len(filled(mine)) == len(set(mine))
    assert all((value in filled(mine)) == (value in set(mine)) for value in others)


@given(st.lists(offsets), offsets, offsets)
def test_it_counts_what_lies_between(values: list[int], one: int, other: int) -> None:
    begin, end = sorted((one, other))
    inside = [value for value in set(values) if begin <= value < end]
    assert filled(values).count(begin, end) == len(inside)
    assert filled(values).first == min(values, default=None)


@given(st.lists(offsets))
def test_adding_tells_whether_it_is_new(values: list[int]) -> None:
    made, seen = OffsetSet(), set[int]()
    for value in values:
        assert made.add(value) == (value not in seen)
        seen.add(value)


def test_a_million_offsets_take_little_memory() -> None:
    made = OffsetSet()
    for offset in range(5_000_000, 6_000_000):
        made.add(offset)
    assert sum(len(page) for page in made._pages.values()) < 150_000
    assert list(made.minus(OffsetSet()))[::250_000] == [5_000_000, 5_250_000, 5_500_000, 5_750_000]
