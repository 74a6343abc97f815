"""From an account to the arguments of a compiled function."""

from __future__ import annotations

from records import BankAccount
from records.card import digits
from rules.judge_again import Given

__all__ = ["given", "given_fields"]


def given(account: BankAccount, token: str, timestamp: int) -> Given:
    """The fields of `rules.fields.GIVEN`; ``timestamp`` is the record's, in ms since the epoch."""
    return given_fields(account, digits(account.credit_card_number), token, timestamp)


def given_fields(account: BankAccount, card: str, token: str, timestamp: int) -> Given:
    """As `given`, where the card number without its separators is at hand: ``card``."""
    return (account.first_name, account.last_name, account.amount, card, token, timestamp)
