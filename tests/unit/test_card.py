import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.card import digits, mask, token
from records.text import scrub, shown
from tests.unit.strategies import card_numbers

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
