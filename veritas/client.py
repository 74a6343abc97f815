"""The client of the verification service: retries, the circuit breaker, health.

What happens to an account, by what the service does, is the table in docs/veritas.md.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import stamina
from prometheus_client import CollectorRegistry

from records import BankAccount
from veritas.attribution import FIRST_CALLS, LAST_ANSWERS, FailedCalls, RecentAnswers
from veritas.breaker import Breaker, State
from veritas.call import CallFailed, Calls, Question, question
from veritas.call_window import CallWindow, RecentCalls
from veritas.health import health_of
from veritas.metrics import VeritasMetrics
from veritas.outage import OutageLog
from veritas.probing import UNAVAILABLE, ProbeFailed, Prober, Rejection
from veritas.protocol import Result, Unanswered, VeritasAnswer, VeritasHealth
from veritas.retries import endless_attempts

#: The health line has the median time of so many answers.
_TIMED: Final = 101


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
        self._outage = OutageLog(clock)
        self._prober = Prober(self._breaker, self._call, self._outage)
        #: Accounts for which a whole round of attempts has failed.
        self._retried: set[FailedCalls] = set()
        self._metrics = VeritasMetrics(
            registry or CollectorRegistry(),
            self._state,
            lambda: self._prober.failure,
            lambda: len(self._retried),
        )

    async def start(self) -> None:
        """Make the connection pool; connects to nothing yet."""
        # What stamina would log at each retry is in our metrics.
        stamina.instrumentation.set_on_retry_hooks(())
        await self._calls.start()

    async def close(self) -> None:
        """Stop probing and close the connections."""
        await self._prober.close()
        await self._calls.close()

    @property
    def not_ready_reason(self) -> str | None:
        """Reason why no account can be verified now, or None."""
        return f"{UNAVAILABLE}: {self._prober.reason}" if self._prober.reason else None

    @property
    def health(self) -> VeritasHealth:
        """Health of the service as this worker sees it."""
        return health_of(self._breaker, self._prober.reason, self._retried, self._answer_seconds)

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
        async for attempt in endless_attempts():
            with attempt:
                while (permit := self._breaker.admit()) is None:
                    outcome = await self._prober.wait(asked)
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
            self._prober.opened(failure)
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
                self._prober.opened(failure)
            if failure.kind == "rejected":
                return Rejection(str(failure), openings)
            raise
        else:
            result, failed = "authorized" if answer.authorized else "declined", False
            self._answer_seconds.append(self._clock() - sent)
            self._answers.add(sent, first_call=first_call)
            self._prober.answered(asked)
            self._breaker.answered(permit)
            return answer
        finally:
            # Changes nothing when the outcome was reported.
            self._breaker.cancelled(permit)
            ended = self._clock()
            self._metrics.call(result, ended - sent)
            self._window.ended(call, ended, failed=failed)

    def _state(self) -> State:
        return self._breaker.state
