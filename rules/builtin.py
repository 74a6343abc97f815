"""The built-in rules: an account and Veritas' answer in, the reasons against the account out.

No clock, no network, no Faust. Reasons come in the order of `REASONS`; none means authorized.
"""

import sys
from typing import Final, Literal, Protocol, get_args

from records import BankAccount
from records.card import digits, is_well_formed, luhn_ok
from rules.names import is_blank

Reason = Literal[
    "name_blank", "amount_not_positive", "card_malformed", "card_checksum", "veritas_declined"
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_LARGEST_AMOUNT: Final = sys.float_info.max
_NO_REASONS: Final[tuple[Reason, ...]] = ()
_DECLINED: Final[tuple[Reason, ...]] = ("veritas_declined",)


class Answer(Protocol):
    """What the rules need of Veritas' answer."""

    @property
    def authorized(self) -> bool:
        """Whether Veritas authorizes the account."""
        ...


def screen(account: BankAccount) -> tuple[Reason, ...]:
    """Every reason against the account that is known without asking Veritas.

    - `name_blank`: the first or the last name has no character with a visible glyph.
    - `amount_not_positive`: zero, below zero, or no finite number.
    - `card_malformed`: without blanks and dashes the card is not 12 to 19 ASCII digits, or all of
      them are the same.
    - `card_checksum`: the card is well-formed, but its check digit (Luhn) is wrong.
    """
    named = not (is_blank(account.first_name) or is_blank(account.last_name))
    # One comparison for all: false for NaN, infinity and integers too large for a float.
    positive = 0 < account.amount <= _LARGEST_AMOUNT
    number = digits(account.credit_card_number)
    well_formed = is_well_formed(number)
    checksum_ok = well_formed and luhn_ok(number)
    if named and positive and checksum_ok:
        return _NO_REASONS
    failed: tuple[tuple[Reason, bool], ...] = (
        ("name_blank", not named),
        ("amount_not_positive", not positive),
        ("card_malformed", not well_formed),
        ("card_checksum", well_formed and not checksum_ok),
    )
    return tuple(reason for reason, against in failed if against)


def answered(answer: Answer) -> tuple[Reason, ...]:
    """The reasons that Veritas' answer gives; for accounts that `screen` lets pass.

    `screen(account) or answered(await veritas.verify(account))` asks only when need be.
    """
    return _NO_REASONS if answer.authorized else _DECLINED
