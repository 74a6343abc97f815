from decimal import Decimal

from agents.fakes import FakeAccounts
from records import BankAccount, decode
from tests.judging import reasons_against

POOL = FakeAccounts(7).pool(300)


def test_the_same_seed_makes_the_same_accounts() -> None:
    assert FakeAccounts(7).pool(300) == POOL


def test_another_seed_makes_others() -> None:
    assert not set(FakeAccounts(8).pool(300)) & set(POOL)


def test_without_a_seed_they_differ_every_time() -> None:
    assert FakeAccounts(None).pool(20) != FakeAccounts(None).pool(20)


def test_two_series_at_a_time_do_not_disturb_each_other() -> None:
    one, other = FakeAccounts(7), FakeAccounts(8)
    made: list[BankAccount] = []
    for _ in range(20):
        made.append(one.make())
        other.make()
    assert made == POOL[:20]


def test_a_series_goes_on_where_it_was_left() -> None:
    fakes = FakeAccounts(7)
    assert [*fakes.pool(100), fakes.make(), *fakes.pool(199)] == POOL


def test_all_of_them_pass_screening() -> None:
    assert [each for each in POOL if reasons_against(each)] == []


def test_all_of_them_survive_the_wire() -> None:
    assert [decode(each.dumps()) for each in POOL] == POOL


def test_amounts_have_at_most_two_decimals() -> None:
    for each in POOL:
        exponent = Decimal(repr(each.amount)).as_tuple().exponent
        assert isinstance(exponent, int)
        assert exponent >= -2
        assert 1 <= each.amount <= 10_000
    assert any(each.amount != int(each.amount) for each in POOL)


def test_they_are_hardly_ever_the_same_twice() -> None:
    assert len(set(POOL)) == len(POOL)
