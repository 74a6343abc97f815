from hypothesis import given
from hypothesis import strategies as st

from web.live.history import History, Sample


def test_a_rate_is_what_came_in_a_second() -> None:
    history = History()
    history.add(Sample(100.0, 10, 20, 5, 0))
    history.add(Sample(105.0, 110, 30, 55, 1))
    assert history.document() == {
        "at": [105],
        "authorized": [20.0],
        "review": [2.0],
        "unauthorized": [10.0],
        "dead_letters": [0.2],
    }


def test_one_sample_says_nothing_about_rates() -> None:
    history = History()
    history.add(Sample(100.0, 10, 20, 5, 0))
    assert history.document()["at"] == []


def test_a_total_that_went_down_is_no_rate_below_nothing() -> None:
    history = History()
    history.add(Sample(100.0, 1_000, 0, 0, 0))
    history.add(Sample(105.0, 0, 0, 10, 0))
    assert history.document()["authorized"] == [0.0]
    assert history.document()["unauthorized"] == [2.0]


def test_a_clock_that_steps_back_leaves_no_trace() -> None:
    history = History()
    for at in (100.0, 105.0, 95.0, 105.0, 110.0):
        history.add(Sample(at, int(at), 0, 0, 0))
    assert history.document()["at"] == [105, 110]


@given(st.integers(1, 50), st.integers(0, 200))
def test_it_keeps_the_last_intervals_and_no_more(length: int, samples: int) -> None:
    history = History(length)
    for number in range(samples):
        history.add(Sample(float(number), number, 0, 0, 0))
    document = history.document()
    assert document["at"] == list(range(1, samples))[-length:]
    assert {len(column) for column in document.values()} == {len(document["at"])}
