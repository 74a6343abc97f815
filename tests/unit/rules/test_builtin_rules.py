import sys
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from records import BankAccount
from tests.judging import BUILTIN
from tests.judging import reasons_against as screen
from tests.unit.records import strategies as some

CARD = "3558018114425616"


def account(**changes: Any) -> BankAccount:
    fields: dict[str, Any] = {
        "first_name": "Jimmie",
        "last_name": "Swaniawski",
        "credit_card_number": CARD,
        "amount": 644.78,
    }
    return BankAccount(**fields | changes)


def test_nothing_is_said_against_a_well_formed_account() -> None:
    assert screen(account()) == ()


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\t\n",
        "\u00a0\u2003",
        "\u200b",
        "\u200b\ufeff ",
        "\x00\x1b",
        "\u202e",
        "\u3164",
        "\u2800",
        "\u115f\u1160",
        "\uffa0",
        "\u034f",
        "\u180b\u180f",
        "\ufe0f",
        "\u17b4",
        "\U000e0100",
        "\U000e0041",
        "\U0001d159",
        "\u2065",
        "\ufff0",
        " \u3164\u2800\t",
    ],
)
def test_a_name_without_anything_to_see_is_blank(field: str, name: str) -> None:
    assert screen(account(**{field: name})) == ("name_blank",)


@pytest.mark.parametrize(
    "name",
    ["X", " O'Neill ", "李", "Zoë", "N\u200ba", "é", "-", "Ann\n", "\u2801", "김\u3164", "က"],
)
def test_a_name_with_something_to_see_is_not_blank(name: str) -> None:
    assert screen(account(first_name=name, last_name=name)) == ()


@pytest.mark.parametrize(
    "amount",
    [0, 0.0, -0.0, -0.01, -5, -1e308],
)
def test_an_amount_that_is_not_above_zero_is_refused(amount: float) -> None:
    assert screen(account(amount=amount)) == ("amount_not_positive",)


@pytest.mark.parametrize("amount", [0.01, 1, 5e-324, 1e308, sys.float_info.max, 2**64 - 1])
def test_every_amount_above_zero_will_do(amount: float) -> None:
    assert screen(account(amount=amount)) == ()


@pytest.mark.parametrize(
    "card",
    [
        "3558 0181 1442 5616",
        "3558-0181-1442-5616",
        " 3558018114425616 ",
        "3-5580181144 2561-6",
        "3558\u00a00181\u00a01442\u00a05616",
        "3558\u202f0181\u20071442\u30005616",
        "3558\t0181\t1442\t5616",
        "3558\u20110181\u20101442\u20125616",
        "3558\u20130181\u20141442\u22125616",
    ],
)
def test_blanks_and_dashes_in_a_card_are_tolerated(card: str) -> None:
    assert screen(account(credit_card_number=card)) == ()


@pytest.mark.parametrize(
    "card",
    [
        "",
        "-",
        "35580181144",
        "35580181144256163558",
        "355801811442561x",
        "3558.0181.1442.5616",
        "3558018114425616\n",
        "3558\n0181\n1442\n5616",
        "3558\u200b018114425616",
        "3558_0181_1442_5616",
        "0" * 16,
        "0000 0000 0000 0000",
        "8" * 16,
        "1" * 12,
        "+3558018114425616",
        "355801811442561\uff14",
        "٣٥٥٨٠١٨١١٤٤٢٥٦١٤",
        "³⁵⁵⁸⁰¹⁸¹¹⁴⁴²⁵⁶¹⁴",
        "1" * 60_000,
    ],
    ids=lambda card: ascii(card)[:30],
)
def test_a_card_that_is_not_12_to_19_ascii_digits_is_malformed(card: str) -> None:
    assert screen(account(credit_card_number=card)) == ("card_malformed",)


@pytest.mark.parametrize(
    ("card", "reasons"),
    [
        # The card in the examples of the interface's description is one that Luhn refuses.
        ("3558018114425614", ("card_checksum",)),
        ("3558018114425616", ()),
        ("4111111111111111", ()),
        ("4111111111111112", ("card_checksum",)),
        ("4111 1111 1111 1112", ("card_checksum",)),
        ("5500005555555559", ()),
        ("5500005555555558", ("card_checksum",)),
        ("371449635398431", ()),
        ("371449635398432", ("card_checksum",)),
    ],
)
def test_published_test_cards_are_distinguished_from_their_neighbours(
    card: str, reasons: tuple[str, ...]
) -> None:
    assert screen(account(credit_card_number=card)) == reasons


@given(some.well_formed_cards().filter(lambda card: len(set(card)) > 1))
def test_every_card_of_12_to_19_digits_with_luhns_sum_passes(card: str) -> None:
    assert screen(account(credit_card_number=card)) == ()


@given(some.well_formed_cards(), st.data())
def test_one_mistyped_digit_never_passes(card: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(card) - 1))
    other = data.draw(st.sampled_from([each for each in "0123456789" if each != card[place]]))
    mistyped = card[:place] + other + card[place + 1 :]
    assume(len(set(mistyped)) > 1)
    assert screen(account(credit_card_number=mistyped)) == ("card_checksum",)


def test_all_reasons_come_in_their_fixed_order() -> None:
    bad = account(first_name=" ", amount=-1.0, credit_card_number="4111111111111112")
    assert screen(bad) == ("name_blank", "amount_not_positive", "card_checksum")
    worse = account(last_name="", amount=0, credit_card_number="x")
    assert screen(worse) == ("name_blank", "amount_not_positive", "card_malformed")


NAMES = ("name_blank", "amount_not_positive", "card_malformed", "card_checksum")


@given(some.accounts)
def test_reasons_come_in_order_whatever_the_account(bad: BankAccount) -> None:
    reasons = screen(bad)
    assert list(reasons) == [each for each in NAMES if each in reasons]
    assert not {"card_malformed", "card_checksum"} <= set(reasons)


def test_veritas_decides_about_an_account_that_passes() -> None:
    assert BUILTIN.needs_veritas(0, ())
    assert BUILTIN.decide(0, True).outcome == "authorized"
    declined = BUILTIN.decide(0, False)
    assert (declined.outcome, declined.reasons) == ("unauthorized", ("veritas_declined",))


@pytest.mark.parametrize("fired", [1 << index for index in range(len(NAMES))])
def test_veritas_is_not_asked_about_an_account_that_a_rule_refuses(fired: int) -> None:
    assert not BUILTIN.needs_veritas(fired, ())
    assert BUILTIN.decide(fired, None).outcome == "unauthorized"
