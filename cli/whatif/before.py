"""What was decided about an account before it is judged anew."""

from __future__ import annotations

from typing import Final, Protocol

from records.outcome import OUTCOMES

#: In place of an outcome: of an account that was not judged before, and of one for which Veritas
#: would have to be asked for the first time.
NEW: Final = "new"
UNKNOWN: Final = "unknown"
BEFORE: Final = (*OUTCOMES, NEW)
AFTER: Final = (*OUTCOMES, UNKNOWN)


class Before(Protocol):
    """An account and what was decided about it; `outcome` is `NEW` where nothing was."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def card(self) -> str:
        """The masked card number."""

    @property
    def amount(self) -> float:
        """Its amount."""

    @property
    def outcome(self) -> str:
        """The outcome."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons."""

    @property
    def allowed_by(self) -> str:
        """The allow rule that decided, or the empty string."""

    @property
    def veritas(self) -> bool | None:
        """What Veritas answered; None where it was not asked."""

    @property
    def rules(self) -> str:
        """The version that it was judged by."""
