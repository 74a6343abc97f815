from hypothesis import given
from hypothesis import strategies as st

from cli.reading.id_set import IdSet

TOPIC = "in-4"
ENDS = {0: 70_000, 3: 5}

numbers = st.sampled_from([0, 1, 3, 4, 5, 65_535, 65_536, 69_999, 70_000, 10**20])
ids = st.one_of(
    st.builds(
        "{}-{}-{}".format, st.sampled_from([TOPIC, "in", "in-4-0", "other"]), numbers, numbers
    ),
    st.sampled_from(
        ["", TOPIC, "in-4-0-01", "in-4-00-1", "in-4-0-1\n", "in-4-0-\u0661", "in-4-0-"]
    ),
)


@given(st.lists(ids), st.lists(ids))
def test_it_is_a_set(mine: list[str], others: list[str]) -> None:
    made, seen = IdSet(TOPIC, ENDS), set[str]()
    for one in mine:
        assert made.add(one) == (one not in seen)
        seen.add(one)
    assert len(made) == len(seen)
    assert all((one in made) == (one in seen) for one in mine + others)
