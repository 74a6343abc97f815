"""What the program expects of a verification service, and how it can fail.

VeritasError
  ├── VeritasUnavailable   nobody can be verified now; the same question later may be answered
  └── VeritasRejected      this account will never be answered; others may be

An implementation raises these two and lets out nothing else.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from records import BankAccount


class VeritasError(Exception):
    """No answer. The message is one line without card data."""


class VeritasUnavailable(VeritasError):
    """The service cannot be reached, is overloaded or broken: ask again later."""


class VeritasRejected(VeritasError):
    """The service refuses to answer about this account, and will whenever it is asked."""


@dataclass(frozen=True, slots=True)
class VeritasAnswer:
    """What Veritas says about one account."""

    authorized: bool


AUTHORIZED: Final = VeritasAnswer(authorized=True)
DECLINED: Final = VeritasAnswer(authorized=False)


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
    def health(self) -> tuple[Literal["ok", "warn", "bad"], str]:
        """Health of the service as this worker sees it."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls of `verify` are worth having under way at once, at least 1.

        1 means that it answers without waiting: calling it in turn is the fastest way.
        """
        ...

    async def start(self) -> None:
        """Get ready; awaited once before the first `verify`. Does not need the service to be up."""
        ...

    async def verify(self, account: BankAccount) -> VeritasAnswer:
        """The answer about this account; the same account may be asked about any number of times.

        Returns or raises within a bounded time, and can be cancelled. Raises VeritasUnavailable or
        VeritasRejected, nothing else. Retries that make sense have been made by then.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; may be awaited more than once, and without `start`."""
        ...
