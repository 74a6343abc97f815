"""Whether an account is put off (429) again and again for its own sake, while others are not.

A 429 says that there were too many calls, which is nobody's fault; unless the service counts calls
an account, and this one is put off for ever. Failures in a row prove nothing here, as a service
that throttles puts off in bursts. So two are compared that meet it in the same moment: right after
the account's 429 somebody is asked about who was answered before. If it does not matter who is
asked about, the account is as likely to be the one that passes as the other, and it passes before
`COMPARISONS` others have with all but 2^-24 (6e-8, less than `blame.CHANCE`).
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: So often another one passes right after this one was put off.
COMPARISONS: Final = 24
#: A first 429 is ordinary; from so many of one account on others are compared with it.
_NOTABLE: Final = 2
#: After so long without a 429 (s) the next one is a first one.
_FORGOTTEN: Final = 300.0
_MOST: Final = 10_000


@dataclass(slots=True)
class _Account:
    number: int
    others: int
    last: float


class PutOff:
    """Remembers who is put off; accounts are told apart by the key of their question.

    What was found out about an account stays known until it is answered about, or not asked about
    for `_FORGOTTEN`: it may be asked about again because its batch was not committed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def again(self, key: str) -> bool:
        """A 429 came: whether to ask about somebody else now, and tell by `other_passed`."""
        now = self._clock()
        account = self._accounts.pop(key, None)
        if account is None or now - account.last > _FORGOTTEN:
            account = _Account(0, 0, now)
        account.number += 1
        account.last = now
        self._accounts[key] = account
        if len(self._accounts) > _MOST:
            self._accounts.popitem(last=False)
        return account.number >= _NOTABLE

    def other_passed(self, key: str) -> bool:
        """Somebody else was answered about right after: whether it lies with the account now."""
        account = self._accounts.get(key)
        if account is None:
            return False
        account.others += 1
        return account.others >= COMPARISONS

    def answered(self, key: str) -> None:
        """The account was answered about."""
        self._accounts.pop(key, None)
