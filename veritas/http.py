"""Veritas over HTTP, with retries for a service that stumbles and a breaker for one that fell."""

import asyncio
import random
from statistics import median
from typing import Final, Literal

import stamina
from prometheus_client import CollectorRegistry

from records import BankAccount
from veritas.breaker import OPEN, Breaker, State
from veritas.call import CallFailed, Failure, Question, question
from veritas.guarded import GuardedCalls
from veritas.health import UNAVAILABLE, Health
from veritas.metrics import VeritasMetrics
from veritas.protocol import VeritasAnswer, VeritasRejected, VeritasUnavailable
from veritas.rejections import BELIEVED, Rejections
from veritas.throttling import PATIENCE, Throttling

#: A longer Retry-After is cut to this (s) while the service answers about others, as `verify` ends
#: within a bounded time. Where it answers about nobody, `health.LONGEST_SILENCE` counts.
LONGEST_WAIT: Final = 10.0
#: After a Retry-After those who were put off together come back spread over so many seconds.
SPREAD: Final = 0.3


class HttpVeritas:
    """Asks `<url>/verify`, see `veritas.call`; one pool of connections for a whole worker.

    `token` is sent as bearer token, `key` is that of the account token; the card itself is sent
    only with `send_card`. `timeout` and `connect_timeout` are seconds for one call. An account is
    asked about up to `attempts` times, with growing random pauses; `concurrency` accounts are
    under way at once, pauses included, so that a service that throttles is asked by fewer.

    An account that gets errors or time-outs, `attempts` of them at least, is rejected once it is
    clear that the service is well for others and fails for this one: see `veritas.blame`. Failures
    count over several calls of `verify`. Where nobody else is asked about meanwhile, the last one
    that was answered is asked about again. Without any such answer nobody knows whose fault it is:
    VeritasUnavailable. One that is put off (429) for ever is rejected likewise, once it is clear
    that others are not: see `veritas.put_off`.

    A rejection (4xx) makes VeritasRejected at once, unless more than `believed` accounts were
    rejected in a row: see `veritas.rejections`. After `patience` seconds of nothing but 429 the
    breaker opens, see `veritas.throttling`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        key: bytes,
        send_card: bool = False,
        timeout: float = 5.0,
        connect_timeout: float = 1.0,
        concurrency: int = 64,
        attempts: int = 4,
        registry: CollectorRegistry | None = None,
        breaker: Breaker | None = None,
        believed: int = BELIEVED,
        patience: float = PATIENCE,
    ) -> None:
        self.concurrency = concurrency
        self._key = key
        self._send_card = send_card
        self._attempts = attempts
        self._breaker = breaker or Breaker()
        self._health = Health(self._breaker, Throttling(patience), Rejections(believed))
        self._slots = asyncio.Semaphore(concurrency)
        self._calls = GuardedCalls(
            url.rstrip("/") + "/verify",
            {"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout,
            connect_timeout=connect_timeout,
            # One for the probe.
            connections=concurrency + 1,
            health=self._health,
            metrics=VeritasMetrics(registry or CollectorRegistry(), self._state, self._reason),
        )

    async def start(self) -> None:
        """Make the pool; connects to nothing yet."""
        # What stamina would log at each retry is in our metrics.
        stamina.instrumentation.set_on_retry_hooks(())
        await self._calls.start()

    async def close(self) -> None:
        """Close the pool; calls under way fail as VeritasUnavailable."""
        await self._calls.close()

    def _state(self) -> State:
        return self._breaker.state

    def _reason(self) -> Failure | None:
        trouble = self._health.trouble
        return trouble and trouble[0]

    @property
    def not_ready_reason(self) -> str | None:
        """Why nobody can be verified now, None while the service answers."""
        return self._health.not_ready_reason

    @property
    def health(self) -> tuple[Literal["ok", "warn", "bad"], str]:
        """How the service is, and a line about it."""
        breaker, trouble = self._breaker, self._health.trouble
        if trouble:
            asked = f"asked again in {breaker.pause_left:.0f} s"
            if breaker.state != OPEN:
                asked = "being asked"
            return "bad", f"unavailable: {trouble[1]}; breaker {breaker.state}, {asked}"
        if breaker.failures:
            return "warn", f"{breaker.failures} failed calls in a row"
        times = self._calls.answer_seconds
        if not times:
            return "ok", "not asked yet"
        return "ok", f"answers in {1000 * median(times):.0f} ms (median of the last {len(times)})"

    async def verify(self, account: BankAccount) -> VeritasAnswer:
        """As `Veritas.verify`; VeritasUnavailable at once while the breaker is open."""
        asked = question(account, self._key, send_card=self._send_card)
        if self._breaker.pause_left:
            self._health.probes.waits(asked)
            raise VeritasUnavailable(self.not_ready_reason or UNAVAILABLE)
        async with self._slots:
            try:
                return await self._attempt(asked)
            except CallFailed as failure:
                text = str(failure)
        raise VeritasUnavailable(text)

    async def _attempt(self, asked: Question) -> VeritasAnswer:
        async for attempt in stamina.retry_context(
            on=worth_another,
            attempts=self._attempts,
            timeout=None,
            wait_initial=0.2,
            wait_max=LONGEST_WAIT / 2,
            wait_jitter=0.3,
        ):
            with attempt:
                await self._calls.control(asked)
                try:
                    return await self._calls.call(asked)
                except CallFailed as failure:
                    if why := await self._own_fault(asked, failure):
                        raise VeritasRejected(f"the verification service {why}") from None
                    raise
        raise AssertionError("stamina ends by a return or an exception")

    async def _own_fault(self, asked: Question, failure: CallFailed) -> str | None:
        """What the service does about this account but not about others; None if not clear."""
        blame = self._health.blame
        if failure.may_be_the_account and blame.is_accounts(asked.key, self._attempts):
            blame.forget(asked.key)
            return f"fails, but not for others: {failure}"
        if failure.kind == "throttled" and await self._calls.puts_off_only(asked):
            return f"puts it off, but not others: {failure}"
        return None


def worth_another(error: Exception) -> bool | float:
    """For stamina: whether to try again, or after how many seconds."""
    if not isinstance(error, CallFailed) or error.final:
        return False
    if error.retry_after is None:
        return True
    return min(error.retry_after, LONGEST_WAIT) + random.uniform(0, SPREAD)
