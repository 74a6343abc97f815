"""What may be known of a card number outside the account: its last four digits and its token."""

import hashlib
from functools import lru_cache
from typing import Final

_STARS: Final = "*" * 12
_ALL_MASKED: Final = "*" * 16
_TOKEN_BYTES: Final = 16


def digits(card: str) -> str:
    """The number without the blanks and dashes that people write between its digits.

    Anything else stays, so the result of an ill-formed number need not be digits.
    """
    return card.replace(" ", "").replace("-", "")


def mask(card: str) -> str:
    """Twelve stars and the last four digits, whatever the length of the number.

    All sixteen characters are stars when the number has fewer than four digits or anything in it
    that is no ASCII digit, blank or dash: what it is, is then not known.
    """
    plain = digits(card)
    if len(plain) < 4 or not (plain.isascii() and plain.isdigit()):
        return _ALL_MASKED
    return _STARS + plain[-4:]


def token(card: str, key: bytes) -> str:
    """32 hex digits that stand for the card: the same card and key give the same token.

    A keyed BLAKE2b (RFC 7693) over the digits; without the key it cannot be found by trying all
    card numbers. The key is 1 to 64 bytes; ValueError when it is longer.
    """
    keyed = _keyed(key).copy()
    # Ill-formed numbers have tokens too, those with lone surrogates in them included.
    keyed.update(digits(card).encode("utf-8", "surrogatepass"))
    return keyed.hexdigest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> "hashlib.blake2b":
    """A hash that has taken its key in; copies of it cost less than beginning anew."""
    return hashlib.blake2b(key=key, digest_size=_TOKEN_BYTES)
