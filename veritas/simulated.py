"""Deterministic stand-in for Veritas: authorizes a fixed share, always the same accounts."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import orjson

from records import BankAccount
from veritas.call_window import RecentCalls
from veritas.protocol import AUTHORIZED, DECLINED, Result, VeritasAnswer, VeritasHealth

_DIGEST_BYTES: Final = 8
_POSSIBLE: Final = 256**_DIGEST_BYTES


class SimulatedVeritas:
    """Derives the answer from the account: same account and seed, same answer, on any machine.

    The answer depends on all four fields as they were sent; amounts 5 and 5.0 are the same. A
    higher `approval_rate` keeps every account authorized that was authorized before. Answers at
    once and never fails.
    """

    not_ready_reason: Final = None
    health: Final = VeritasHealth("ok", "simulated")
    recent_calls: Final = RecentCalls()

    def __init__(self, approval_rate: float, seed: int) -> None:
        """Authorize this share (0 to 1) of the accounts, chosen by the seed (any integer)."""
        if not 0 <= approval_rate <= 1:
            raise ValueError(f"an approval rate is from 0 to 1, not {approval_rate}")
        # Whole numbers, as the largest digest divided is 1.0: a rate of 1 must not miss it.
        self._below = round(approval_rate * _POSSIBLE)
        key = blake2b(str(seed).encode(), digest_size=32).digest()
        self._hash = blake2b(key=key, digest_size=_DIGEST_BYTES)

    async def start(self) -> None:
        """Nothing to get ready."""

    async def verify(self, accounts: Sequence[BankAccount]) -> list[Result]:
        """The answers about these accounts."""
        return [self.answer(account) for account in accounts]

    async def close(self) -> None:
        """Nothing to close."""

    def answer(self, account: BankAccount) -> VeritasAnswer:
        """The answer about one account."""
        keyed = self._hash.copy()
        # JSON keeps the fields apart, whatever is in them.
        keyed.update(
            orjson.dumps(
                (
                    account.first_name,
                    account.last_name,
                    account.credit_card_number,
                    float(account.amount),
                )
            )
        )
        number = int.from_bytes(keyed.digest(), "big")
        return AUTHORIZED if number < self._below else DECLINED
