"""The rules: an account and what Veritas answered in, the reasons against it out.

No clock, no network, no Faust. The reasons come in the order of `REASONS`; none means authorized.
"""

import sys
import unicodedata
from typing import Final, Literal, Protocol, get_args

from records import BankAccount
from records.card import digits
from rules.luhn import is_valid

Reason = Literal[
    "name_blank", "amount_not_positive", "card_malformed", "card_checksum", "veritas_declined"
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

# ISO/IEC 7812 allows up to 19 digits; the shortest cards in use have 12.
_SHORTEST_CARD: Final = 12
_LONGEST_CARD: Final = 19
_SMALLEST_AS_AMOUNT: Final = 10 ** (_SHORTEST_CARD - 1)
_ABOVE_AS_AMOUNT: Final = 10**_LONGEST_CARD
_LARGEST_AMOUNT: Final = sys.float_info.max
_NOTHING_TO_SAY: Final[tuple[Reason, ...]] = ()
_DECLINED: Final[tuple[Reason, ...]] = ("veritas_declined",)


class Answer(Protocol):
    """What the rules need of Veritas's answer."""

    @property
    def authorized(self) -> bool:
        """Whether Veritas has nothing against the account."""
        ...


def is_card_number(amount: float) -> bool:
    """Whether an amount is a card number that came in the wrong field.

    It is when it has 12 to 19 digits before the point, with Luhn's sum. An amount goes where card
    numbers must not: into the verdict, to Veritas, onto the page.
    """
    if -_SMALLEST_AS_AMOUNT < amount < _SMALLEST_AS_AMOUNT:
        return False
    return abs(amount) < _ABOVE_AS_AMOUNT and is_valid(str(int(abs(amount))))


def screen(account: BankAccount) -> tuple[Reason, ...]:
    """Every reason against the account that is to be seen without asking Veritas.

    - `name_blank`: the first or the last name has nothing in it that could be seen.
    - `amount_not_positive`: zero, below zero, or no finite number.
    - `card_malformed`: without its blanks and dashes the card is not 12 to 19 ASCII digits.
    - `card_checksum`: it is, but its last digit is not Luhn's.
    """
    card = digits(account.credit_card_number)
    well_formed = _SHORTEST_CARD <= len(card) <= _LONGEST_CARD and card.isascii() and card.isdigit()
    if (
        well_formed
        and is_valid(card)
        # One comparison for all: false for NaN, infinity and integers too large for a float.
        and 0 < account.amount <= _LARGEST_AMOUNT
        and not _blank(account.first_name)
        and not _blank(account.last_name)
    ):
        return _NOTHING_TO_SAY
    return _all_reasons(account, card, well_formed=well_formed)


def answered(answer: Answer) -> tuple[Reason, ...]:
    """The reasons that Veritas's answer gives; for accounts that `screen` lets pass.

    `screen(account) or answered(await veritas.verify(account))` asks only when need be.
    """
    return _NOTHING_TO_SAY if answer.authorized else _DECLINED


def decide(account: BankAccount, answer: Answer | None) -> tuple[Reason, ...]:
    """All reasons against the account; authorized when there are none.

    Veritas is not asked about an account that screening refuses, so its answer does not count then
    and may be None. Raises ValueError when it is None though it is needed.
    """
    reasons = screen(account)
    if reasons:
        return reasons
    if answer is None:
        raise ValueError("this account passes screening, so Veritas's answer is needed")
    return answered(answer)


def _all_reasons(account: BankAccount, card: str, *, well_formed: bool) -> tuple[Reason, ...]:
    against: list[Reason] = []
    if _blank(account.first_name) or _blank(account.last_name):
        against.append("name_blank")
    if not 0 < account.amount <= _LARGEST_AMOUNT:
        against.append("amount_not_positive")
    if not well_formed:
        against.append("card_malformed")
    elif not is_valid(card):
        against.append("card_checksum")
    return tuple(against)


def _blank(name: str) -> bool:
    """Nothing but blanks, control characters and the like (a zero-width space is not a name)."""
    if not name.strip():
        return True
    if name.isprintable():
        return False
    return all(unicodedata.category(each)[0] in "CZ" for each in name)
