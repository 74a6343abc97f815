import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.fakes import FakeAccounts
from records import BankAccount
from tests.unit.records import strategies as some
from veritas import (
    AUTHORIZED,
    DECLINED,
    SimulatedVeritas,
    Veritas,
)

FIELDS: dict[str, Any] = {
    "first_name": "Jimmie",
    "last_name": "Swaniawski",
    "credit_card_number": "3558018114425614",
    "amount": 644.78,
}
COUNT = 10_000
ACCOUNTS = [
    BankAccount(first_name="A", last_name="B", credit_card_number=str(each), amount=1.0)
    for each in range(COUNT)
]


def share(accounts: list[BankAccount], rate: float, seed: int) -> float:
    veritas = SimulatedVeritas(rate, seed)
    return sum(veritas.answer(each).authorized for each in accounts) / len(accounts)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.integers())
def test_the_share_authorized_of_10_000_accounts_is_within_2_points(rate: float, seed: int) -> None:
    assert abs(share(ACCOUNTS, rate, seed) - rate) < 0.02


@pytest.mark.parametrize("field", ["first_name", "last_name", "credit_card_number", "amount"])
def test_the_share_holds_whichever_field_tells_the_accounts_apart(field: str) -> None:
    values = range(1, COUNT + 1) if field == "amount" else map(str, range(COUNT))
    accounts = [BankAccount(**FIELDS | {field: value}) for value in values]
    assert abs(share(accounts, 0.5, seed=0) - 0.5) < 0.02


def test_rates_of_none_and_all_have_no_exceptions() -> None:
    assert share(ACCOUNTS, 0.0, seed=1) == 0.0
    assert share(ACCOUNTS, 1.0, seed=1) == 1.0


@given(some.accounts, st.floats(0, 1), st.integers())
async def test_the_same_account_and_seed_get_the_same_answer(
    account: BankAccount, rate: float, seed: int
) -> None:
    (first,) = await SimulatedVeritas(rate, seed).verify([account])
    again = SimulatedVeritas(rate, seed)
    await again.verify([BankAccount(**FIELDS)])  # what was asked before does not count
    assert await again.verify([BankAccount.loads(account.dumps())]) == [first]
    assert again.answer(account) is first
    assert first in (AUTHORIZED, DECLINED)


@given(some.accounts, st.floats(0, 1), st.floats(0, 1))
def test_who_is_authorized_at_a_rate_is_authorized_at_a_higher_one(
    account: BankAccount, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    if SimulatedVeritas(low, 0).answer(account).authorized:
        assert SimulatedVeritas(high, 0).answer(account).authorized


def test_another_seed_authorizes_others() -> None:
    one, other = SimulatedVeritas(0.5, 0), SimulatedVeritas(0.5, 1)
    same = sum(one.answer(each) is other.answer(each) for each in ACCOUNTS)
    assert abs(same / COUNT - 0.5) < 0.02


def test_answers_do_not_change_from_release_to_release() -> None:
    veritas = SimulatedVeritas(0.5, 0)
    said = "".join("yn"[not veritas.answer(each).authorized] for each in ACCOUNTS[:32])
    assert said == "nyyyynynynnynnyyynnnyynnyynnnynn"


def test_another_process_gives_the_same_answers() -> None:
    script = (
        "import json, sys; from records import BankAccount; from veritas import SimulatedVeritas;"
        "veritas = SimulatedVeritas(0.5, 7);"
        "print(json.dumps([veritas.answer(BankAccount.from_data(each)).authorized"
        " for each in json.load(sys.stdin)]))"
    )
    some_accounts = ACCOUNTS[:50]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([each.asdict() for each in some_accounts]),
        capture_output=True,
        text=True,
        check=True,
    )
    veritas = SimulatedVeritas(0.5, 7)
    assert json.loads(done.stdout) == [veritas.answer(each).authorized for each in some_accounts]


def test_an_amount_is_the_same_written_as_a_whole_number() -> None:
    for seed in range(50):
        veritas = SimulatedVeritas(0.5, seed)
        whole = veritas.answer(BankAccount(**FIELDS | {"amount": 5}))
        assert whole is veritas.answer(BankAccount(**FIELDS | {"amount": 5.0}))


def neighbours() -> Iterator[BankAccount]:
    """Accounts whose fields, written one after the other, are all the same text."""
    for one, other in product(range(8), range(8)):
        text = "ABCDEFGH"
        cut, again = sorted((one, other))
        yield BankAccount(text[:cut], text[cut:again], text[again:], 1.0)


def test_where_one_field_ends_counts() -> None:
    answers = {
        tuple(SimulatedVeritas(0.5, seed).answer(each).authorized for seed in range(64))
        for each in islice(neighbours(), 64)
    }
    assert len(answers) == 36  # as many as there are different pairs of places to cut


async def test_it_answers_without_waiting_and_without_being_started() -> None:
    veritas: Veritas = SimulatedVeritas(0.5, 0)
    assert (veritas.not_ready_reason, veritas.health) == (None, ("ok", "simulated"))
    verifying = veritas.verify([BankAccount(**FIELDS)])
    with pytest.raises(StopIteration):  # done at the first step: the loop was never waited for
        verifying.send(None)
    await veritas.start()
    await veritas.close()
    await veritas.close()


@pytest.mark.parametrize("rate", [-0.01, 1.01, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        SimulatedVeritas(rate, 0)


def test_well_formed_accounts_are_authorized_at_the_same_share() -> None:
    assert abs(share(FakeAccounts(1).pool(2000), 0.3, seed=0) - 0.3) < 0.04
