"""Failure attribution: when an account's failed calls are put down to the account.

A service that fails one call in five fails four in a row for one healthy account in 600, so
attempts that were used up prove nothing alone. An account is given up after `ROUNDS` rounds of
attempts, when after each round's beginning another account was answered, and when `FIRST_CALLS`
of the last `LAST_ANSWERS` answers came at the first call. With four attempts a round, a healthy
account is given up with a chance of less than one in 500,000, whatever share of calls fails;
where one in five does, of one in 300 million.
"""

from collections import deque
from typing import Final, Literal

ROUNDS: Final = 3
LAST_ANSWERS: Final = 20
FIRST_CALLS: Final = 16


class RecentAnswers:
    """The last answers about any account; times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._first_calls: deque[bool] = deque(maxlen=LAST_ANSWERS)
        self._sent = float("-inf")

    def add(self, sent: float, *, first_call: bool) -> None:
        """Record an answer to a question sent then; `first_call` if none about it had failed."""
        self._first_calls.append(first_call)
        self._sent = max(self._sent, sent)

    def any_since(self, moment: float) -> bool:
        """Whether a question sent after that moment was answered."""
        return self._sent > moment

    @property
    def at_first_call(self) -> tuple[int, int]:
        """How many of the last answers came at the first call, and how many there are."""
        return sum(self._first_calls), len(self._first_calls)

    @property
    def steady(self) -> bool:
        """Whether the service answers other accounts nearly always at the first call."""
        first, answers = self.at_first_call
        return first * LAST_ANSWERS >= FIRST_CALLS * answers > 0


class FailedCalls:
    """The failed calls about one account, in rounds of `attempts`."""

    def __init__(self, answers: RecentAnswers, attempts: int) -> None:
        self._answers = answers
        self._attempts = attempts
        self._rounds = 0
        self._since = 0.0
        #: Failed calls so far, and what the last one said.
        self.calls = 0
        self.last = ""

    @property
    def rounds_used_up(self) -> bool:
        """Whether only the answers about other accounts decide."""
        return self._rounds >= ROUNDS

    def add(self, now: float, text: str) -> Literal["retry", "alone", "given up"]:
        """Record a failed call.

        "alone": a round of attempts has failed, and no other account was answered meanwhile, so
        the service may be down.
        """
        if not self.calls:
            self._since = now
        self.calls += 1
        self.last = text
        if self.calls % self._attempts:
            return "retry"
        if not self._answers.any_since(self._since):
            return "alone"
        self._rounds += 1
        self._since = now
        return "given up" if self.rounds_used_up and self._answers.steady else "retry"
