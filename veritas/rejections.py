"""Whether a rejection (a 4xx) lies with the account, or with whatever answers so to everybody.

A rejection is final, so it must not be believed of a service, or of a proxy before it, that
answers 415 to all. It is judged in the light of what is answered about others:

few in a row                         believed at once; an ordinary rejection costs nothing
more, with nobody answered between   believed only once somebody was answered about whose question
                                     was sent after the rejection had come; else whoever was
                                     answered last is asked about again, as a control
the control is rejected too          it is the service's fault, or our configuration's: all wait
nobody was ever answered             likewise: all wait, and are asked about in turn

So at most the first few of any number are lost to a service that rejects everybody, however many
are asked about at once, and a long run of accounts that are rejected rightly goes through, at the
cost of one control for the first few and then each time the answers to others are too old.
"""

from collections import OrderedDict
from typing import Final

#: Rejections in a row that are believed without an answer about anybody else.
BELIEVED: Final = 10


class Rejections:
    """Keeps the accounts that were rejected since somebody was last answered about.

    Accounts are told apart by the key of their question; times are of one monotonic clock (s).
    """

    def __init__(self, believed: int = BELIEVED) -> None:
        self.limit = believed
        # When each was rejected, the longest ago first.
        self._row: OrderedDict[str, float] = OrderedDict()
        self._answered = float("-inf")
        self._away = float("-inf")

    def believes(self, key: str, came: float) -> bool:
        """A rejection of this account came: whether it is to be believed at once.

        An account that was believed stays so, as it is no other one.
        """
        if key in self._row:
            return True
        if self.full:
            return False
        self._row[key] = came
        return True

    @property
    def full(self) -> bool:
        """Whether no other account's rejection is believed until somebody is answered about."""
        return len(self._row) >= self.limit

    def answered(self, sent: float) -> None:
        """Somebody was answered about (authorized or declined); the question was sent then.

        Says nothing of rejections that came later: the service may have changed in between.
        """
        self._answered = max(self._answered, sent)
        while self._row and next(iter(self._row.values())) <= sent:
            self._row.popitem(last=False)

    def away(self, now: float) -> None:
        """The service is away, or rejects everybody: nothing that came before is ever borne out.

        Who still waits to be decided may be told only when it is well again.
        """
        self._away = now

    def borne_out(self, came: float) -> bool:
        """Whether the service answered about somebody who was asked about after that time.

        Not if it was away in between: then the account is to be asked about again.
        """
        return self._away < came <= self._answered
