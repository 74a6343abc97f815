"""Account tokens: keyed hashes that stand for card numbers, and the id of their key."""

import hashlib
from functools import lru_cache
from typing import Final

from records.card import digits

_TOKEN_BYTES: Final = 16
_KEY_ID_BYTES: Final = 4


class Tokens:
    """Makes the tokens of one key, which is 1 to 64 bytes; ValueError when it is longer.

    A keyed BLAKE2b (RFC 7693) over the digits; without the key it cannot be found by trying all
    card numbers.
    """

    def __init__(self, key: bytes) -> None:
        # It has taken the key in; copies of it cost less than beginning anew.
        self._keyed = hashlib.blake2b(key=key, digest_size=_TOKEN_BYTES)

    def __call__(self, number: str) -> str:
        """The token of a card whose number, without its separators, is this."""
        keyed = self._keyed.copy()
        # Ill-formed numbers have tokens too, those with lone surrogates in them included.
        errors = "strict" if number.isascii() else "surrogatepass"
        keyed.update(number.encode("utf-8", errors))
        return keyed.hexdigest()


def token(card: str, key: bytes) -> str:
    """32 hex digits that stand for the card: the same card and key give the same token."""
    return _tokens_of(key)(digits(card))


def key_id(key: bytes) -> str:
    """8 hex digits that tell one token key from another.

    Stands in every verdict and row, so that tokens of two keys are told apart. A guess at the
    key can be checked against them, so the key must be random and long.
    """
    return hashlib.blake2b(key, digest_size=_KEY_ID_BYTES, person=b"key-id").hexdigest()


_tokens_of = lru_cache(maxsize=4)(Tokens)
