import hashlib
import re
import sys
import unicodedata
from itertools import cycle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn

from records.card import (
    check_digit,
    digits,
    holds_card_number,
    is_card_amount,
    is_card_number,
    is_mask,
    is_well_formed,
    luhn_ok,
    mask,
    scrub,
    scrub_fault,
    scrub_line,
    scrub_rule,
)
from records.printable.text import shown
from records.token import key_id, token
from tests.unit.records import strategies as some
from tests.unit.records.strategies import card_numbers, well_formed_cards

CARD = "3558018114425614"
KEY = b"a key"


def most_digits_in_a_row(text: str) -> int:
    """The longest run of digits, when blanks, dashes and the like are not counted."""
    return max((len(run) for run in re.findall(r"\d+", re.sub(r"[\W_]", "", text))), default=0)


@pytest.mark.parametrize(
    "written", [CARD, "3558 0181 1442 5614", "3558-0181-1442-5614", f" {CARD}-"]
)
def test_the_mask_shows_the_last_four_digits_however_the_number_is_written(written: str) -> None:
    assert digits(written) == CARD
    assert mask(written) == "************5614"


@pytest.mark.parametrize("number", ["123456789012", "1234567890123456789", "9012"])
def test_the_mask_does_not_tell_how_long_the_number_is(number: str) -> None:
    assert mask(number) == f"************{number[-4:]}"


@pytest.mark.parametrize(
    "number",
    ["", "-", "614", "6-1-4", "x558018114425614", "3558018114425614\n", "٣٥٥٨٠١٨١١٤٤٢٥٦١٤", "²²²²"],
)
def test_what_is_no_number_is_masked_whole(number: str) -> None:
    assert mask(number) == "*" * 16


@given(st.text())
def test_no_text_whatever_shows_more_than_four_of_its_characters(card: str) -> None:
    assert re.fullmatch(r"\*{12}(\d{4}|\*{4})", mask(card), re.ASCII)


def test_the_token_is_keyed_blake2b_over_the_digits() -> None:
    expected = hashlib.blake2b(CARD.encode(), key=KEY, digest_size=16).hexdigest()
    assert token(CARD, KEY) == expected
    assert token("3558 0181-1442 5614", KEY) == expected
    assert token(CARD, b"another key") != expected
    assert re.fullmatch(r"[0-9a-f]{32}", expected)


@given(st.text(st.characters()))
@example("\ud800")
def test_every_text_has_a_token(card: str) -> None:
    assert len(token(card, KEY)) == 32


def test_a_key_that_blake2b_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        token(CARD, b"k" * 65)


@given(
    card_numbers(),
    st.sampled_from(["", " ", "-", ".", "\t", "\n", "_", " - ", "\u00a0", " " * 9, "_\u200b\x00_"]),
)
def test_scrubbed_text_has_no_more_of_a_card_than_four_digits(number: str, between: str) -> None:
    written = between.join(re.findall("....|.+", number))
    scrubbed = scrub(f"paid with {written} yesterday, see {number}.")
    assert most_digits_in_a_row(scrubbed) <= 4
    assert scrubbed == f"paid with {mask(number)} yesterday, see {mask(number)}."


def test_scrubbing_a_long_text_takes_no_longer_than_it_is() -> None:
    # Backtracking would take hours: eleven digits are none, however they are looked at.
    almost = ("1" + " " * 500) * 11 + "x"
    text = almost * 200
    assert scrub(text) == text


def test_scrubbing_leaves_short_numbers_and_masks_alone() -> None:
    line = "************5614 paid 644.78 for 12345678901"
    assert scrub(line) == line


def test_what_is_shown_is_one_printable_line() -> None:
    assert shown("Jimmie\nAUTHORIZED\x1b[2J\u202e") == "Jimmie?AUTHORIZED?[2J?"
    assert shown("Zoë Ångström") == "Zoë Ångström"


def test_what_is_shown_is_cut_after_the_cards_were_masked() -> None:
    assert shown("x" * 41) == "x" * 39 + "…"
    assert shown("x" * 40) == "x" * 40
    assert shown(f"{'x' * 28} {CARD}") == f"{'x' * 28} {'*' * 10}…"


def test_a_key_has_an_id_that_tells_it_from_others_and_no_more() -> None:
    expected = hashlib.blake2b(KEY, digest_size=4, person=b"key-id").hexdigest()
    assert key_id(KEY) == expected
    assert re.fullmatch(r"[0-9a-f]{8}", expected)
    assert key_id(b"a key\n") != expected


def test_blanks_and_dashes_are_those_of_unicode() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    separators = [one for one in every if unicodedata.category(one) in ("Zs", "Pd")]
    assert len(separators) > 40
    written = "".join(
        f"{separator}{digit}" for separator, digit in zip(separators, cycle(CARD), strict=False)
    )
    assert digits(written).isdigit()
    assert digits("\t\u22121") == "1"
    assert digits("1\n2_3.4\u200b5") == "1\n2_3.4\u200b5"


@pytest.mark.parametrize(
    ("number", "well_formed"),
    [
        (CARD, True),
        ("1" * 11 + "2", True),
        ("1" * 18 + "2", True),
        ("", False),
        ("12345678901", False),
        ("1" * 19 + "2", False),
        ("0" * 16, False),
        ("8" * 16, False),
        ("355801811442561x", False),
        ("٣٥٥٨٠١٨١١٤٤٢٥٦١٤", False),
    ],
)
def test_a_well_formed_number_is_12_to_19_digits_that_differ(
    number: str, well_formed: bool
) -> None:
    assert is_well_formed(number) is well_formed


@given(some.card_numbers(1, 20))
def test_the_check_digit_is_right_where_the_library_says_so(number: str) -> None:
    assert luhn_ok(number) == luhn.is_valid(number)


@given(st.integers(0, 10**19 - 1))
def test_the_check_digit_makes_the_sum_right(head: int) -> None:
    assert luhn.is_valid(f"{head}{check_digit(head)}")


@given(card_numbers(1, 22))
def test_a_card_number_is_what_the_library_takes_for_one(number: str) -> None:
    assert is_card_number(number) == (12 <= len(number) <= 19 and luhn.is_valid(number))


@given(well_formed_cards(), st.text("0123456789", max_size=3), st.text("0123456789", max_size=3))
def test_a_card_number_is_found_among_other_digits(card: str, before: str, after: str) -> None:
    assert holds_card_number(before + card + after)


def test_few_digits_hold_no_card_number() -> None:
    assert not holds_card_number("")
    assert not holds_card_number("41111111111")
    assert not holds_card_number("411111111118")


@pytest.mark.parametrize("between", ["", " ", "-", "\u00a0", "\t", "\u2011", "\u2013", "\u2212"])
def test_a_card_is_masked_in_a_line_however_it_may_be_written(between: str) -> None:
    line = f"no account: {between.join(('4111', '1111', '1111', '1111'))}!"
    assert scrub_line(line) == "no account: ************1111!"


@pytest.mark.parametrize("between", ["", " ", "-", "\u2011", ".", "_", "/"])
def test_a_card_is_masked_in_a_rule_set_however_it_may_be_written(between: str) -> None:
    written = between.join(("4111", "1111", "1111", "1111"))
    assert scrub_rule(f"a {written}!") == "a ************1111!"
    assert scrub_fault(f"no list `{written[:-1]}2`") == "no list `************1112`"


def test_numbers_that_are_no_cards_survive_in_a_rule_set() -> None:
    text = "2026/11/29 13:50, 4111.1111.1111.1112, 1000.50/2000, 9f9f4111111111111111"
    assert scrub_rule(text) == text
    fault = "version 123456789012, at most 1,000,000,000,000,000; 2026-11-29"
    assert scrub_fault(fault) == fault


@pytest.mark.parametrize("amount", [411111111117, 4111111111111111, 4111111111111111110])
def test_an_amount_that_is_a_card_number_is_known_as_one(amount: int) -> None:
    assert is_card_amount(amount)
    assert is_card_amount(-amount)
    assert not is_card_amount(amount + 1)


def test_a_fraction_or_a_double_does_not_hide_it() -> None:
    assert is_card_amount(4111111111111111.0)
    assert is_card_amount(-411111111117.25)


@pytest.mark.parametrize(
    "amount",
    [0, 644.78, 99_999_999_999, 41_111_111_112, 1e300, float("inf"), float("-inf"), float("nan")],
)
def test_other_amounts_are_none(amount: float) -> None:
    assert not is_card_amount(amount)


@pytest.mark.parametrize("text", [mask("4111111111111111"), mask("12"), "************0000"])
def test_a_mask_is_recognized(text: str) -> None:
    assert is_mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111111",
        "************111",
        "***********11111",
        "************\u0661111",
        "*" * 17,
    ],
)
def test_what_is_no_mask_is_not(text: str) -> None:
    assert not is_mask(text)
