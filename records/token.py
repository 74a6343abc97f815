"""Account tokens: keyed hashes that stand for card numbers, and the id of their key."""

import hashlib
from functools import lru_cache
from typing import Final

from records.card import digits

_TOKEN_BYTES: Final = 16
_KEY_ID_BYTES: Final = 4


def token(card: str, key: bytes) -> str:
    """32 hex digits that stand for the card: the same card and key give the same token.

    A keyed BLAKE2b (RFC 7693) over the digits; without the key it cannot be found by trying all
    card numbers. The key is 1 to 64 bytes; ValueError when it is longer.
    """
    keyed = _keyed(key).copy()
    # Ill-formed numbers have tokens too, those with lone surrogates in them included.
    keyed.update(digits(card).encode("utf-8", "surrogatepass"))
    return keyed.hexdigest()


def key_id(key: bytes) -> str:
    """8 hex digits that tell one token key from another and nothing else about it.

    Stands in every verdict and row, so that tokens of two keys are told apart.
    """
    return hashlib.blake2b(key, digest_size=_KEY_ID_BYTES, person=b"key-id").hexdigest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> "hashlib.blake2b":
    """A hash that has taken its key in; copies of it cost less than beginning anew."""
    return hashlib.blake2b(key=key, digest_size=_TOKEN_BYTES)
