"""Which values of the accounts topic are judged."""

from records.bank_account import BankAccount
from records.card import is_card_amount
from records.codec.decode import Undecodable, decode


def account_of(value: bytes | None) -> BankAccount | Undecodable:
    """Decode an account, or say why it cannot be judged: the verdict repeats its amount."""
    account = decode(value)
    if isinstance(account, BankAccount) and is_card_amount(account.amount):
        return Undecodable("field_type", "Amount is a card number")
    return account
