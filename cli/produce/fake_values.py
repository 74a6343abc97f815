"""Values of fake accounts, some hundred thousand a second.

Faker takes about 0.1 ms for one, so a pool is made once and repeated. Where each account needs a
card of its own, the names of the pool are combined with new cards and amounts.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice
from random import Random
from typing import Protocol

import orjson

from records import BankAccount
from records.card import check_digit

POOL = 4_000

_SERIALS = 1_000_000_000
_LARGEST_CENTS = 1_000_000
_SMALLEST_CENTS = 100


class Fakes(Protocol):
    """Source of fake accounts."""

    def pool(self, size: int, /) -> Sequence[BankAccount]:
        """`size` accounts."""
        ...


def values(fakes: Fakes, size: int) -> Iterator[bytes]:
    """The values of `size` accounts, repeating those of the pool."""
    if not size:
        return iter(())
    pool = [account.dumps() for account in fakes.pool(min(size, POOL))]
    return islice(cycle(pool), size)


def unique_values(fakes: Fakes, size: int, seed: int | None) -> Iterator[bytes]:
    """The values of `size` accounts, each with a card number of its own.

    The numbers have 16 digits and a valid Luhn checksum. The same seed gives the same accounts.
    """
    if not size:
        return iter(())
    # Made now, so that its time does not count as time spent sending.
    heads = [_head(account) for account in fakes.pool(min(size, POOL))]
    return _with_new_cards(islice(cycle(heads), size), Random(seed))


def _with_new_cards(heads: Iterable[bytes], random: Random) -> Iterator[bytes]:
    start, stride = random.randrange(_SERIALS), _coprime_stride(random)
    first_cents, choices = random.randrange(_LARGEST_CENTS), _LARGEST_CENTS - _SMALLEST_CENTS
    for number, head in enumerate(heads):
        card = _card(number // _SERIALS, (start + number * stride) % _SERIALS)
        cents = (first_cents + number * 7919) % choices + _SMALLEST_CENTS
        yield b'%b%b","Amount":%d.%02d}' % (head, card, cents // 100, cents % 100)


def _head(account: BankAccount) -> bytes:
    names = {"FirstName": account.first_name, "LastName": account.last_name}
    return orjson.dumps(names)[:-1] + b',"CreditCardNumber":"'


def _coprime_stride(random: Random) -> int:
    """A step that meets each of the 10^9 serial numbers once before it meets one again."""
    while True:
        stride = random.randrange(_SERIALS // 10, _SERIALS)
        if stride % 2 and stride % 5:
            return stride


def _card(issuer: int, serial: int) -> bytes:
    """Sixteen digits: a 4, five of the issuer, nine of the serial number, the check digit."""
    head = (400_000 + issuer % 100_000) * _SERIALS + serial
    return b"%d%d" % (head, check_digit(head))
