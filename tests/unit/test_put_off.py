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
    said: list[bool] = []
    while not any(said):
        assert put_off.again("one")
        said.append(put_off.other_passed("one"))
    assert len(said) == COMPARISONS


def test_an_answer_makes_the_next_429_a_first_one(put_off: PutOff) -> None:
    for _ in range(COMPARISONS):
        put_off.again("one")
    for _ in range(COMPARISONS - 1):
        assert not put_off.other_passed("one")
    put_off.answered("one")
    assert not put_off.other_passed("one")
    assert not put_off.again("one")


def test_so_does_a_long_time(put_off: PutOff, clock: Clock) -> None:
    for _ in range(3):
        put_off.again("one")
    clock.now += 200
    assert put_off.again("one")
    clock.now += 400
    assert not put_off.again("one")


def test_nobody_waits_for_another_to_be_told(put_off: PutOff) -> None:
    for key in ("one", "two") * 2:
        put_off.again(key)
    assert put_off.again("two")
    assert put_off.again("one")


def test_whoever_is_asked_about_again_is_told_at_once(put_off: PutOff) -> None:
    put_off.again("one")
    for _ in range(COMPARISONS):
        put_off.again("one")
        told = put_off.other_passed("one")
    assert told
    assert put_off.again("one")
    assert put_off.other_passed("one")


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
        put_off.answered(key)
