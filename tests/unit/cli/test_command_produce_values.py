from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from agents.fakes import FakeAccounts
from cli.produce import fake_values as accounts
from cli.produce.fake_values import POOL, unique_values, values
from records import BankAccount, decode
from tests.judging import reasons_against


class Numbered:
    """Accounts at no cost, all of them different: Faker takes 0.1 ms for each."""

    def pool(self, size: int, /) -> list[BankAccount]:
        return [BankAccount(f"First {n}", "Last", "4111111111111111", n + 1.0) for n in range(size)]


def decoded(encoded: Iterator[bytes]) -> list[BankAccount]:
    found = [decode(value) for value in encoded]
    assert all(isinstance(account, BankAccount) for account in found)
    return [account for account in found if isinstance(account, BankAccount)]


def test_every_account_is_well_formed() -> None:
    for account in decoded(values(FakeAccounts(1), 500)):
        assert reasons_against(account) == ()


def test_every_unique_account_is_well_formed() -> None:
    for account in decoded(unique_values(FakeAccounts(1), 1_000, 1)):
        assert reasons_against(account) == ()
        assert len(account.credit_card_number) == 16
        assert 1 <= account.amount <= 10_000


@pytest.mark.parametrize("size", [0, 1, POOL - 1, POOL, POOL + 1, 2 * POOL + 7])
def test_there_are_as_many_as_asked_for(size: int) -> None:
    assert len(list(values(Numbered(), size))) == size
    assert len(list(unique_values(Numbered(), size, 1))) == size


def test_the_pool_comes_again_and_again() -> None:
    encoded = list(values(Numbered(), 2 * POOL + 1))
    assert encoded[:POOL] == encoded[POOL : 2 * POOL]
    assert encoded[0] == encoded[-1]
    assert len(set(encoded)) == POOL


def test_unique_accounts_have_cards_of_their_own() -> None:
    cards = [a.credit_card_number for a in decoded(unique_values(Numbered(), 50_000, 1))]
    assert len(set(cards)) == 50_000


def test_the_same_seed_gives_the_same_accounts() -> None:
    def made(seed: int | None) -> list[bytes]:
        return list(unique_values(FakeAccounts(seed), 100, seed))

    assert made(7) == made(7)
    assert made(7) != made(8)
    assert made(None) != made(None)
    assert list(values(FakeAccounts(7), 100)) == list(values(FakeAccounts(7), 100))


@given(st.integers(0, 10**15), st.integers(0, 10**9 - 1))
def test_a_card_number_is_valid(issuer: int, serial: int) -> None:
    card = accounts._card(issuer, serial).decode()
    assert len(card) == 16
    assert luhn.is_valid(card)


@given(st.integers(0, 2**32), st.integers(1, 10**9 - 1))
def test_no_serial_number_comes_twice_in_a_round(seed: int, later: int) -> None:
    stride = accounts._coprime_stride(Random(seed))
    assert later * stride % 10**9 != 0


def test_a_huge_size_is_not_made_in_advance() -> None:
    assert len(list(islice(values(Numbered(), 10**12), 10))) == 10
    assert len(list(islice(unique_values(Numbered(), 10**12, 1), 10))) == 10
