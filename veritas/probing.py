"""Waiting while the circuit breaker is open: accounts queue, and probes go out until it closes."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from veritas.breaker import CLOSED, Breaker
from veritas.call import CallFailed, Failure, Question
from veritas.outage import OutageLog
from veritas.protocol import Result, VeritasAnswer

UNAVAILABLE: Final = "the verification service is unavailable"


@dataclass(frozen=True, slots=True)
class Rejection:
    """The service rejected the account.

    `openings` is `Breaker.rejection_openings` when the call was sent. Where the breaker has counted
    more since, the service may be rejecting every account: then this rejection does not stand.
    """

    text: str
    openings: int


class ProbeFailed(Exception):
    """A probe about this account failed: it goes to the end of the queue."""


class Ask(Protocol):
    """Asks the service once and reports the outcome to the breaker."""

    async def __call__(
        self, permit: int, asked: Question, *, first_call: bool
    ) -> VeritasAnswer | Rejection:
        """Ask about one account; raises CallFailed."""


class Prober:
    """Holds the accounts that wait for `breaker`, and sends probes while it is open.

    `opened` starts the probes and `close` ends them. They end by themselves when the breaker
    closes; then every account that waits continues.
    """

    def __init__(self, breaker: Breaker, ask: Ask, log: OutageLog) -> None:
        self._breaker = breaker
        self._ask = ask
        self._log = log
        #: The last question that was answered: asked again as a probe.
        self._answered: Question | None = None
        self._repeat = False
        #: Accounts that wait for the breaker, in the order in which they are sent as probes.
        self._waiting: dict[asyncio.Future[Result | Rejection | None], Question] = {}
        self._reason: tuple[Failure, str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def failure(self) -> Failure | None:
        """Kind of the failure that keeps the breaker open, or None."""
        return self._reason[0] if self._reason else None

    @property
    def reason(self) -> str | None:
        """That failure in one line, or None."""
        return self._reason[1] if self._reason else None

    def answered(self, asked: Question) -> None:
        """Remember the question as one that the service has answered."""
        self._answered = asked

    def opened(self, failure: CallFailed) -> None:
        """Record why the breaker is open, and start the probes. Does nothing while it is closed."""
        if self._breaker.state == CLOSED:
            return
        text = str(failure)
        if failure.kind == "rejected":
            limit = self._breaker.rejected_in_a_row
            text = f"rejects every account ({text}), FRAUD_VERITAS_REJECTED_IN_A_ROW is {limit}"
        if self._answered is None and failure.kind in ("rejected", "error", "timeout"):
            text = f"{text}; it has answered about no account since this worker started"
        self._reason = failure.kind, text
        self._log.unavailable(f"{UNAVAILABLE}: {text}")
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._probe_until_closed())

    async def close(self) -> None:
        """Stop the probes, for good."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def wait(self, asked: Question) -> Result | Rejection | None:
        """Wait until the breaker is closed (None), or until a probe settles this account.

        Raises ProbeFailed when a probe about it failed.
        """
        waiter: asyncio.Future[Result | Rejection | None]
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = asked
        try:
            return await waiter
        finally:
            self._waiting.pop(waiter, None)

    async def _probe_until_closed(self) -> None:
        """Send probes alternately about the account answered last and about one that waits.

        The former cannot fail for the account's own sake. The latter is there for a service that
        rejects or throttles a repeated question.
        """
        while self._breaker.state != CLOSED:
            await asyncio.sleep(max(0.05, self._breaker.pause_left))
            # Over all outages, not in each: else a service that lets one call pass in a while would
            # spend it on the repetition every time.
            self._repeat = not self._repeat
            if self._answered is not None and (self._repeat or not self._waiting):
                await self._probe(self._answered.repeated(), first_call=True)
            elif self._waiting:
                await self._probe_for_the_first()
        self._task = self._reason = None
        self._log.over()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _probe_for_the_first(self) -> None:
        """Send a probe about the account at the head of the queue."""
        waiter, asked = next(iter(self._waiting.items()))
        outcome = await self._probe(asked, first_call=False)
        settled = isinstance(outcome, VeritasAnswer) or self._breaker.state == CLOSED
        if waiter.done():
            pass  # cancelled
        elif outcome is not None and settled:
            waiter.set_result(outcome)
        else:
            waiter.set_exception(ProbeFailed())

    async def _probe(
        self, asked: Question, *, first_call: bool
    ) -> VeritasAnswer | Rejection | None:
        """The outcome of one probe; None if it failed."""
        permit = self._breaker.admit_probe()
        if permit is None:
            return None
        try:
            return await self._ask(permit, asked, first_call=first_call)
        except CallFailed:
            return None
