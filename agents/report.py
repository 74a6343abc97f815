"""The log of verdicts: a line for each account, or one line a second when there are many."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from agents.judgement import Judgement
from records import BankAccount
from records.card import mask
from records.outcome import OUTCOMES
from records.printable.text import shown
from rules.compiled import Decision

__all__ = ["VerdictLog"]

logger = logging.getLogger("verdicts")

#: More accounts than this in a second get a summary instead of lines.
LINES_PER_SECOND = 20
LONGEST_NAME = 40


class VerdictLog:
    """Logs committed batches; call ``flush`` about once a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = 0.0
        self._lines = 0
        self._outcomes: Counter[str] = Counter()
        self._dead_letters = 0

    def __call__(self, judgement: Judgement) -> None:
        """Log each account, or count them for the next summary."""
        if not logger.isEnabledFor(logging.INFO):
            return
        size = len(judgement.accounts) + len(judgement.dead_letters)
        if self._clock() - self._second >= 1.0:
            self.flush()
        if self._lines + size > LINES_PER_SECOND:
            self._outcomes += judgement.outcomes
            self._dead_letters += len(judgement.dead_letters)
            return
        self._lines += size
        for account, decision in judgement.accounts:
            logger.info("%s", line(account, decision), extra=fields(account, decision))
        for letter in judgement.dead_letters:
            logger.warning(
                "DEAD LETTER %s: %s, %s",
                letter.id,
                letter.code,
                letter.detail,
                extra={"outcome": "dead_letter", "id": letter.id, "code": letter.code},
            )

    async def tick(self) -> None:
        """``flush``, as the body of a timer."""
        self.flush()

    def flush(self) -> None:
        """Log the summary of accounts without a line of their own; start the next second."""
        total = self._outcomes.total()
        if total or self._dead_letters:
            logger.info(
                "%d accounts: %d authorized, %d to review, %d unauthorized; "
                "%d dead letters (in %.1f s)",
                total,
                *(self._outcomes[outcome] for outcome in OUTCOMES),
                self._dead_letters,
                self._clock() - self._second,
                extra={
                    "accounts": total,
                    **{outcome: self._outcomes[outcome] for outcome in OUTCOMES},
                    "dead_letters": self._dead_letters,
                },
            )
        self._second = self._clock()
        self._lines = self._dead_letters = 0
        self._outcomes.clear()


def line(account: BankAccount, decision: Decision) -> str:
    """The log line of one account."""
    name = shown(account.first_name, LONGEST_NAME)
    text = f"{decision.outcome.upper()} bank account for {name}"
    text = f"{text}, card {mask(account.credit_card_number)}"
    if decision.allowed_by:
        return f"{text}: allowed by {decision.allowed_by}"
    return f"{text}: {', '.join(decision.reasons)}" if decision.reasons else text


def fields(account: BankAccount, decision: Decision) -> dict[str, object]:
    """The same as fields of a JSON log line."""
    return {
        "outcome": decision.outcome,
        "first_name": shown(account.first_name, LONGEST_NAME),
        "card": mask(account.credit_card_number),
        "reasons": decision.reasons,
        "allowed_by": decision.allowed_by,
    }
