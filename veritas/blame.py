"""Whose fault it is that an account gets no answer: the service's, or the account's own.

A service that stumbles fails some calls, whomever they are about. When it fails one in five, one
account in 600 fails four times in a row by chance, so neither failures in a row nor answers about
others prove anything alone. An account is blamed when the service fails so seldom for others that
its own failures can no longer be chance.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

#: An account is blamed when its failures are less likely than this for one like the others.
CHANCE: Final = 1e-7
#: Answers about others that are remembered, and accounts that wait for one.
_REMEMBERED: Final = 1_000
_WAITING: Final = 10_000


@dataclass(slots=True)
class _Failures:
    """What an account without an answer came to so far; times are monotonic (s)."""

    number: int
    first: float
    last: float


class _Outcome(NamedTuple):
    """What came of one account, or of a control: when its last call was sent, and its calls."""

    sent: float
    failed: int
    answered: int


class Blame:
    """Remembers failed and answered calls; accounts are told apart by the key of their question.

    Failures of accounts that were never answered say nothing about the service: several ill ones
    would else cover up for each other.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failing: OrderedDict[str, _Failures] = OrderedDict()
        self._outcomes: deque[_Outcome] = deque(maxlen=_REMEMBERED)

    def answered(self, key: str, sent: float) -> None:
        """A call that was sent then was answered. A rejection is no answer: all may get it."""
        failures = self._failing.pop(key, None)
        self._outcomes.append(_Outcome(sent, failures.number if failures else 0, 1))

    def failed(self, key: str) -> bool:
        """A call failed, and what was asked may be why.

        True when that is news of the service: the first failure of this account, or nobody was
        answered since the last one.
        """
        now = self._clock()
        failures = self._failing.setdefault(key, _Failures(0, now, now))
        news = not failures.number or not any(
            one.answered and one.sent > failures.last for one in self._outcomes
        )
        failures.number += 1
        failures.last = now
        if len(self._failing) > _WAITING:
            self._failing.popitem(last=False)
        return news

    def control_failed(self, sent: float) -> None:
        """A call about an account that had been answered before failed: the service's fault."""
        self._outcomes.append(_Outcome(sent, 1, 0))

    def forget(self, key: str) -> None:
        """Nothing is held against this account any more: it is settled."""
        self._failing.pop(key, None)

    def clear(self) -> None:
        """Forget the failures: the service was down, so they were nobody's."""
        self._failing.clear()

    def needs_control(self, key: str) -> bool:
        """Whether the account has failed and nothing is known of the service since."""
        failures = self._failing.get(key)
        return failures is not None and all(one.sent <= failures.last for one in self._outcomes)

    def is_accounts(self, key: str, least: int) -> bool:
        """Whether it lies with the account; never before `least` failures in a row.

        Judged by calls about others that were sent after the account's first failure. One failed
        and one answered are added to them (Laplace's rule), so that few answers prove little.
        """
        failures = self._failing.get(key)
        if failures is None or failures.number < least:
            return False
        meanwhile = [one for one in self._outcomes if one.sent > failures.first]
        answered = sum(one.answered for one in meanwhile)
        failed = sum(one.failed for one in meanwhile)
        by_chance = (failed + 1) / (failed + answered + 2)
        return answered > 0 and by_chance**failures.number < CHANCE
