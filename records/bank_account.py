"""An account as it comes in."""

from records.card import mask
from records.wire import WireRecord, named


class BankAccount(WireRecord):
    """A bank account to be judged, as any producer writes it.

    `credit_card_number` is as it came, blanks and dashes included; `amount` is whatever finite
    number came, so also one below zero. Only `screening` says whether they make sense.
    """

    first_name: str = named("FirstName")
    last_name: str = named("LastName")
    credit_card_number: str = named("CreditCardNumber")
    amount: float = named("Amount")

    def _shown(self, name: str) -> str:
        if name == "credit_card_number":
            card = self.__dict__.get(name)
            return repr(mask(card)) if isinstance(card, str) else "'not text'"
        return super()._shown(name)
