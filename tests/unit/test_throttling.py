"""From 429 now and then to a service that puts off everybody. Times by hand."""

from veritas.throttling import Throttling


def test_nothing_but_429_for_so_long_is_too_long() -> None:
    throttling = Throttling(patience=10)
    seen = {at: throttling.put_off(100 + at) for at in (0, 4, 9.9, 10, 11)}
    assert seen == {0: False, 4: False, 9.9: False, 10: True, 11: True}


def test_an_answer_about_anybody_begins_it_anew() -> None:
    throttling = Throttling(patience=10)
    for at in range(100):
        assert not throttling.put_off(at)
        if at % 9 == 8:
            throttling.answered()


def test_a_429_of_long_ago_does_not_count() -> None:
    throttling = Throttling(patience=10)
    assert not throttling.put_off(0)
    assert not throttling.put_off(3_600)
    assert throttling.put_off(3_610)
