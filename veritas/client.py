"""The client of the verification service: retries, the circuit breaker, health.

What happens to an account, by what the service does, is the table in docs/veritas.md.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import stamina
from prometheus_client import CollectorRegistry

from records import BankAccount
from veritas.attribution import FIRST_CALLS, LAST_ANSWERS, FailedCalls, RecentAnswers
from veritas.breaker import CLOSED, OPEN, Breaker, State
from veritas.call import CallFailed, Calls, Failure, Question, question
from veritas.call_window import CallWindow, RecentCalls
from veritas.metrics import VeritasMetrics
from veritas.outage import OutageLog
from veritas.protocol import Result, Unanswered, VeritasAnswer, VeritasHealth

logger = logging.getLogger(__name__)

#: Seconds that an account waits for a Retry-After while the breaker is closed, at most.
LONGEST_WAIT: Final = 10.0
#: Accounts that were throttled together are retried over so many seconds.
SPREAD: Final = 0.3
#: Pauses between two attempts grow from the first to the last (s); up to `JITTER` s is added.
FIRST_PAUSE, LAST_PAUSE, JITTER = 0.2, 1.0, 0.3
#: The health line has the median time of so many answers.
_TIMED: Final = 101
#: Share of failed calls from which the health line warns.
_NOTABLE: Final = 0.1


class ProbeFailed(Exception):
    """A probe about this account failed: it goes to the end of the queue."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The service rejected the account, when rejections had opened the breaker so often."""

    text: str
    openings: int


class VeritasClient:
    """Verifies accounts through `calls`; one instance serves a whole worker.

    `key` is the key of the account token; the card itself is sent only with `send_card`. An
    account is asked about in rounds of `attempts` calls with growing, jittered pauses; up to
    `concurrency` accounts are asked about at once, their pauses included, so that a service that
    throttles gets fewer calls.
    """

    def __init__(
        self,
        calls: Calls,
        *,
        key: bytes,
        send_card: bool = False,
        concurrency: int = 64,
        attempts: int = 4,
        registry: CollectorRegistry | None = None,
        breaker: Breaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._key = key
        self._send_card = send_card
        self._attempts = attempts
        self._breaker = breaker or Breaker(clock=clock)
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._answers = RecentAnswers()
        self._window = CallWindow()
        self._answer_seconds: deque[float] = deque(maxlen=_TIMED)
        #: The last question that was answered: asked again as a probe.
        self._answered: Question | None = None
        self._outage_reason: tuple[Failure, str] | None = None
        self._outage = OutageLog(clock)
        self._prober: asyncio.Task[None] | None = None
        self._repeat = False
        self._closed = False
        #: Accounts that wait for the breaker, in the order in which they are sent as probes.
        self._waiting: dict[asyncio.Future[Result | Rejection | None], Question] = {}
        #: Accounts for which a whole round of attempts has failed.
        self._retried: set[FailedCalls] = set()
        self._metrics = VeritasMetrics(
            registry or CollectorRegistry(),
            self._state,
            lambda: self._outage_reason[0] if self._outage_reason else None,
            lambda: len(self._retried),
        )

    async def start(self) -> None:
        """Make the connection pool; connects to nothing yet."""
        # What stamina would log at each retry is in our metrics.
        stamina.instrumentation.set_on_retry_hooks(())
        await self._calls.start()

    async def close(self) -> None:
        """Stop probing and close the connections."""
        self._closed = True
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.wait({self._prober})
            self._prober = None
        await self._calls.close()

    @property
    def not_ready_reason(self) -> str | None:
        """Reason why no account can be verified now, or None."""
        if self._outage_reason is None:
            return None
        return f"the verification service is unavailable: {self._outage_reason[1]}"

    @property
    def health(self) -> VeritasHealth:
        """Health of the service as this worker sees it."""
        if self._outage_reason:
            when = "probe in flight"
            if self._breaker.state == OPEN:
                when = f"next probe in {self._breaker.pause_left:.0f} s"
            return VeritasHealth("bad", f"unavailable: {self._outage_reason[1]}; {when}")
        if self._retried:
            worst = max(self._retried, key=lambda failed: failed.calls)
            text = f"{worst.calls} failed calls about one, the last one: {worst.last}"
            return VeritasHealth("warn", f"accounts being retried: {len(self._retried)}; {text}")
        failed, calls = self._breaker.recent_calls
        if failed > _NOTABLE * calls:
            return VeritasHealth("warn", f"{failed} of the last {calls} calls failed")
        if not self._answer_seconds:
            return VeritasHealth("ok", "not asked yet")
        ms, number = 1000 * median(self._answer_seconds), len(self._answer_seconds)
        return VeritasHealth("ok", f"answers in {ms:.0f} ms (median of the last {number})")

    @property
    def recent_calls(self) -> RecentCalls:
        """As `Veritas.recent_calls`, retries and probes included."""
        return self._window.at(self._clock())

    async def verify(self, accounts: Sequence[BankAccount]) -> list[Result]:
        """As `Veritas.verify`."""
        questions = [question(each, self._key, send_card=self._send_card) for each in accounts]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._settle(each)) for each in questions]
        outcomes = [task.result() for task in tasks]
        # A rejection counts only if no run of rejections opened the breaker since. Else the
        # account is asked about once more when the breaker is closed again.
        repeated: set[int] = set()
        while doubtful := [
            index
            for index, each in enumerate(outcomes)
            if isinstance(each, Rejection)
            and each.openings != self._breaker.rejection_openings
            and index not in repeated
        ]:
            repeated.update(doubtful)
            async with asyncio.TaskGroup() as group:
                again = {
                    index: group.create_task(self._settle(questions[index], repeated=True))
                    for index in doubtful
                }
            for index, task in again.items():
                outcomes[index] = task.result()
        return [
            Unanswered("veritas_rejected", f"the verification service {each.text}")
            if isinstance(each, Rejection)
            else each
            for each in outcomes
        ]

    async def _settle(self, asked: Question, *, repeated: bool = False) -> Result | Rejection:
        """Ask until the account is answered, rejected or given up."""
        failed = FailedCalls(self._answers, self._attempts)
        try:
            while True:
                async with self._slots:
                    try:
                        return await self._attempt(asked, failed, repeated=repeated)
                    except ProbeFailed:
                        pass
        finally:
            self._retried.discard(failed)

    async def _attempt(
        self, asked: Question, failed: FailedCalls, *, repeated: bool
    ) -> Result | Rejection:
        """Ask with growing pauses, and wait while the breaker is open. Raises ProbeFailed."""
        async for attempt in stamina.retry_context(
            on=pause_after,
            attempts=None,
            timeout=None,
            wait_initial=FIRST_PAUSE,
            wait_max=LAST_PAUSE,
            wait_jitter=JITTER,
        ):
            with attempt:
                while (permit := self._breaker.admit()) is None:
                    outcome = await self._wait(asked)
                    if outcome is not None:
                        return outcome
                try:
                    return await self._call(
                        permit, asked, first_call=not failed.calls, repeated=repeated
                    )
                except CallFailed as failure:
                    if self._given_up(failed, failure):
                        text = f"failed {failed.calls} times, but answered about other accounts"
                        return Unanswered(
                            "veritas_failed", f"the verification service {text}: {failure}"
                        )
                    raise
        raise AssertionError("stamina ends by a return or an exception")

    def _given_up(self, failed: FailedCalls, failure: CallFailed) -> bool:
        """Record the failed call; whether the account is given up."""
        decision = failed.add(self._clock(), str(failure))
        if failed.calls >= self._attempts:
            self._retried.add(failed)
        if decision == "alone" and self._breaker.trip():
            self._unavailable(failure)
        elif decision == "retry" and failed.rounds_used_up:
            first, answers = self._answers.at_first_call
            self._outage.retried(
                f"{failed.calls} calls about one account failed ({failure}), but only {first} of "
                f"the last {answers} answers about others came at the first call: it is retried "
                f"until {FIRST_CALLS} of {LAST_ANSWERS} do"
            )
        return decision == "given up"

    async def _call(
        self, permit: int, asked: Question, *, first_call: bool, repeated: bool = False
    ) -> VeritasAnswer | Rejection:
        """Ask once and report the outcome to the breaker. Raises CallFailed."""
        sent, openings, result = self._clock(), self._breaker.rejection_openings, "cancelled"
        call = self._window.began(sent)
        failed: bool | None = None
        try:
            answer = await self._calls.ask(asked)
        except CallFailed as failure:
            result, failed = failure.kind, failure.kind != "rejected"
            if failure.kind == "rejected":
                counted = self._breaker.rejected(permit, repeated=repeated)
            else:
                counted = self._breaker.failed(permit, failure.retry_after or 0.0)
            if counted:
                self._unavailable(failure)
            if failure.kind == "rejected":
                return Rejection(str(failure), openings)
            raise
        else:
            result, failed = "authorized" if answer.authorized else "declined", False
            self._answer_seconds.append(self._clock() - sent)
            self._answers.add(sent, first_call=first_call)
            self._answered = asked
            self._breaker.answered(permit)
            return answer
        finally:
            # Changes nothing when the outcome was reported.
            self._breaker.cancelled(permit)
            ended = self._clock()
            self._metrics.call(result, ended - sent)
            self._window.ended(call, ended, failed=failed)

    def _unavailable(self, failure: CallFailed) -> None:
        """Say why the breaker is open, if it is, and start probing."""
        if self._breaker.state == CLOSED:
            return
        text = str(failure)
        if failure.kind == "rejected":
            limit = self._breaker.rejected_in_a_row
            text = f"rejects every account ({text}), FRAUD_VERITAS_REJECTED_IN_A_ROW is {limit}"
        if self._answered is None and failure.kind in ("rejected", "error", "timeout"):
            text = f"{text}; it has answered about no account since this worker started"
        self._outage_reason = failure.kind, text
        self._outage.unavailable(str(self.not_ready_reason))
        if self._prober is None and not self._closed:
            self._prober = asyncio.create_task(self._probe_until_closed())

    async def _wait(self, asked: Question) -> Result | Rejection | None:
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
                waiter, asked = next(iter(self._waiting.items()))
                outcome = await self._probe(asked, first_call=False)
                settled = isinstance(outcome, VeritasAnswer) or self._breaker.state == CLOSED
                if waiter.done():
                    pass  # cancelled
                elif outcome is not None and settled:
                    waiter.set_result(outcome)
                else:
                    waiter.set_exception(ProbeFailed())
        self._prober = self._outage_reason = None
        self._outage.over()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _probe(
        self, asked: Question, *, first_call: bool
    ) -> VeritasAnswer | Rejection | None:
        """The outcome of one probe; None if it failed."""
        permit = self._breaker.admit_probe()
        if permit is None:
            return None
        try:
            return await self._call(permit, asked, first_call=first_call)
        except CallFailed:
            return None

    def _state(self) -> State:
        return self._breaker.state


def pause_after(error: Exception) -> bool | float:
    """Whether stamina makes another attempt, or after how many seconds."""
    if not isinstance(error, CallFailed):
        return False
    if error.retry_after is None:
        return True
    return min(error.retry_after, LONGEST_WAIT) + random.uniform(0, SPREAD)
