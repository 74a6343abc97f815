"""Which of those that are put off (429) are so for their own sake."""

import random

import pytest

from veritas.put_off import COMPARISONS, PutOff


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def put_off(clock: Clock) -> PutOff:
    return PutOff(clock)


def test_the_first_429_is_ordinary(put_off: PutOff) -> None:
    assert [put_off.again("one") for _ in range(3)] == [False, True, True]


def test_one_that_is_put_off_while_others_pass_is_told_after_enough_of_them(
    put_off: PutOff,
) -> None:
    put_off.again("one")
    said = []
    while not any(said):
        assert put_off.again("one")
        said.append(put_off.other_passed("one"))
    assert len(said) == COMPARISONS


def test_an_answer_settles_it(put_off: PutOff) -> None:
    for _ in range(COMPARISONS):
        put_off.again("one")
    for _ in range(COMPARISONS - 1):
        assert not put_off.other_passed("one")
    put_off.settled("one")
    assert not put_off.other_passed("one")
    assert not put_off.again("one")


def test_only_the_one_that_has_waited_longest_is_compared(put_off: PutOff) -> None:
    for key in ("one", "two") * 3:
        put_off.again(key)
    assert (put_off.again("two"), put_off.again("one")) == (False, True)
    put_off.settled("one")
    assert put_off.again("two")


def test_one_that_is_not_asked_about_any_more_stands_in_nobodys_way(
    put_off: PutOff, clock: Clock
) -> None:
    for key in ("one", "two") * 3:
        put_off.again(key)
    clock.now += 200
    assert not put_off.again("two")
    clock.now += 200
    assert put_off.again("two")


@pytest.mark.parametrize("passes", [0.02, 0.2, 0.5, 0.9])
def test_where_it_does_not_matter_who_is_asked_about_nobody_is_blamed(
    put_off: PutOff, passes: float
) -> None:
    chance = random.Random(5)
    for number in range(5_000):
        key = str(number)
        while chance.random() > passes:
            if put_off.again(key) and chance.random() < passes:
                assert not put_off.other_passed(key)
        put_off.settled(key)
