"""An account as producers write it."""

from records.card import mask
from records.codec.wire import WireRecord, named


class BankAccount(WireRecord):
    """A bank account to judge.

    `credit_card_number` is as it was sent, separators included; `amount` is any finite number.
    Whether they make sense is for `rules` to say.
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
