"""What the program expects of a verification service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, get_args

from records import BankAccount
from veritas.call_window import RecentCalls

UnansweredCode = Literal["veritas_rejected", "veritas_failed"]
UNANSWERED_CODES: Final[tuple[UnansweredCode, ...]] = get_args(UnansweredCode)


@dataclass(frozen=True, slots=True)
class VeritasAnswer:
    """What Veritas says about one account."""

    authorized: bool


AUTHORIZED: Final = VeritasAnswer(authorized=True)
DECLINED: Final = VeritasAnswer(authorized=False)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An account that Veritas will not answer about: a dead letter's code and its detail.

    `veritas_rejected`: the service rejects the account. `veritas_failed`: every call about it
    fails, while other accounts are answered. The detail is one line without card data.
    """

    code: UnansweredCode
    detail: str


Result = VeritasAnswer | Unanswered


class VeritasHealth(NamedTuple):
    """Severity and a one-line summary."""

    level: Literal["ok", "warn", "bad"]
    text: str


class Veritas(Protocol):
    """A verification service. One instance serves a whole worker, from one event loop."""

    @property
    def not_ready_reason(self) -> str | None:
        """Reason why no account can be verified now, or None."""
        ...

    @property
    def health(self) -> VeritasHealth:
        """Health of the service as this worker sees it."""
        ...

    @property
    def recent_calls(self) -> RecentCalls:
        """Its recent calls; empty where nothing is called over a network."""
        ...

    async def start(self) -> None:
        """Get ready; awaited once before the first `verify`. Does not need the service to be up."""
        ...

    async def verify(self, accounts: Sequence[BankAccount]) -> list[Result]:
        """The results for these accounts, in their order.

        Waits as long as the service is unavailable, retries included; can be cancelled. Raises
        nothing for an account that came over the wire. May be called concurrently, and again for
        the same accounts.
        """
        ...

    async def close(self) -> None:
        """Close connections; may be awaited more than once, and without `start`."""
        ...
