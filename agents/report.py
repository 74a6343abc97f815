"""The log of verdicts: a line for each account, or one line a second when there are many."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from agents.judging import Judgement, Reasons
from records import BankAccount
from records.card import mask
from records.text import shown

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
        self._authorized = self._unauthorized = self._dead_letters = 0

    def __call__(self, judgement: Judgement) -> None:
        """Log each account, or count them for the next summary."""
        if not logger.isEnabledFor(logging.INFO):
            return
        size = len(judgement.accounts) + len(judgement.dead_letters)
        if self._clock() - self._second >= 1.0:
            self.flush()
        if self._lines + size > LINES_PER_SECOND:
            self._authorized += judgement.authorized
            self._unauthorized += judgement.unauthorized
            self._dead_letters += len(judgement.dead_letters)
            return
        self._lines += size
        for account, reasons in judgement.accounts:
            logger.info("%s", line(account, reasons), extra=fields(account, reasons))
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
        total = self._authorized + self._unauthorized
        if total or self._dead_letters:
            logger.info(
                "%d accounts: %d authorized, %d unauthorized; %d dead letters (in %.1f s)",
                total,
                self._authorized,
                self._unauthorized,
                self._dead_letters,
                self._clock() - self._second,
                extra={
                    "accounts": total,
                    "authorized": self._authorized,
                    "unauthorized": self._unauthorized,
                    "dead_letters": self._dead_letters,
                },
            )
        self._second = self._clock()
        self._lines = self._authorized = self._unauthorized = self._dead_letters = 0


def line(account: BankAccount, reasons: Reasons) -> str:
    """The log line of one account."""
    name = shown(account.first_name, LONGEST_NAME)
    text = f"bank account for {name}, card {mask(account.credit_card_number)}"
    return f"UNAUTHORIZED {text}: {', '.join(reasons)}" if reasons else f"AUTHORIZED {text}"


def fields(account: BankAccount, reasons: Reasons) -> dict[str, object]:
    """The same as fields of a JSON log line."""
    return {
        "outcome": "unauthorized" if reasons else "authorized",
        "first_name": shown(account.first_name, LONGEST_NAME),
        "card": mask(account.credit_card_number),
        "reasons": reasons,
    }
