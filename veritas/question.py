"""The request about one account.

    POST <url>/verify          Idempotency-Key: <32 hex digits>, the same for the same account
    {"account": <token>, "first_name": …, "last_name": …, "amount": …[, "card": …]}

A card number in a name is masked, unless the card is sent.
"""

from dataclasses import dataclass
from hashlib import blake2b
from uuid import uuid4

import orjson

from records import BankAccount
from records.card import digits, scrub
from records.token import token


@dataclass(frozen=True, slots=True)
class Question:
    """Body and idempotency key of a request; `repr` shows neither."""

    body: bytes
    key: str

    def __repr__(self) -> str:
        return "Question()"

    def repeated(self) -> "Question":
        """The same question under a new key, so that no cache answers it."""
        return Question(self.body, uuid4().hex)


def question(account: BankAccount, key: bytes, *, send_card: bool) -> Question:
    """The question about an account; `key` is the key of the account token.

    Without `send_card` it holds no card number, not even one that came as a name.
    """
    first_name, last_name = account.first_name, account.last_name
    if not send_card:
        first_name, last_name = scrub(first_name), scrub(last_name)
    fields: dict[str, object] = {
        "account": token(account.credit_card_number, key),
        "first_name": first_name,
        "last_name": last_name,
        "amount": float(account.amount),
    }
    # The token ignores blanks and dashes in the number, so it distinguishes accounts as the card
    # does, and the idempotency key shows no more of the card than the body.
    identity = blake2b(orjson.dumps(fields), key=key, digest_size=16, person=b"idempotency")
    if send_card:
        fields["card"] = digits(account.credit_card_number)
    return Question(orjson.dumps(fields), identity.hexdigest())
