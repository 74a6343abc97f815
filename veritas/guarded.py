"""Calls of the service by one pool of connections, through the breaker, counted."""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from contextlib import suppress
from typing import Final

import aiohttp

from veritas.blame import Blame
from veritas.breaker import CLOSED, Breaker
from veritas.call import CallFailed, Question, ask
from veritas.metrics import VeritasMetrics
from veritas.protocol import VeritasAnswer, VeritasError, VeritasRejected, VeritasUnavailable

logger = logging.getLogger(__name__)

#: Of so many calls the median time is told.
LAST_CALLS: Final = 101
#: So many questions that wait are known to the probes.
WAITING: Final = 64
UNAVAILABLE: Final = "the verification service is unavailable"


class GuardedCalls:
    """Asks `url` as long as the breaker is closed; when it is open, brings it back by itself.

    `headers` go with every call; `timeout` and `connect_timeout` are seconds for one call.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        *,
        timeout: float,
        connect_timeout: float,
        connections: int,
        breaker: Breaker,
        metrics: VeritasMetrics,
    ) -> None:
        self._url = url
        self._headers = headers
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._connections = connections
        self._breaker = breaker
        self._metrics = metrics
        self._session: aiohttp.ClientSession | None = None
        self._bringing_back: asyncio.Task[None] | None = None
        self.blame = Blame()
        #: Seconds of the last calls that were answered, the newest last.
        self.answer_seconds: deque[float] = deque(maxlen=LAST_CALLS)
        # The last question that was answered.
        self._answered: Question | None = None
        # By their keys, the questions that wait for the breaker, for as long as none was answered.
        self._waiting: OrderedDict[str, Question] = OrderedDict()

    async def start(self) -> None:
        """Make the pool; connects to nothing yet."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                timeout=self._timeout,
            )

    async def close(self) -> None:
        """Close the pool; calls under way fail."""
        if self._bringing_back is not None:
            self._bringing_back.cancel()
            with suppress(asyncio.CancelledError):
                await self._bringing_back
        if self._session is not None:
            await self._session.close()

    def waits(self, asked: Question) -> None:
        """Note a question that the breaker keeps back: a probe may ask it.

        Where nothing was answered yet there is no better probe, and the one that opened the breaker
        may be about an account that the service stumbles over, whoever else it would answer about.
        """
        if self._answered is None and len(self._waiting) < WAITING:
            self._waiting[asked.key] = asked

    async def control(self, asked: Question) -> None:
        """When this one failed, find out whether the service answers about others since.

        If nobody else was asked about, the last one that was answered is asked about again. Nothing
        happens where there is none.
        """
        if self._answered is None or self._answered.key == asked.key:
            return
        if self.blame.needs_control(asked.key):
            with suppress(CallFailed, VeritasError):
                await self.call(self._answered, control=True)

    async def call(self, asked: Question, *, control: bool = False) -> VeritasAnswer:
        """Ask once. Raises CallFailed, VeritasRejected, or VeritasUnavailable without asking."""
        if self._session is None or self._session.closed:
            raise VeritasUnavailable("the connections to the verification service are closed")
        permit = self._breaker.admit()
        if permit is None:
            raise VeritasUnavailable(UNAVAILABLE)
        sent = time.monotonic()
        result = "cancelled"
        try:
            answer = await ask(self._session, self._url, asked.as_control() if control else asked)
        except VeritasRejected:
            result = "rejected"
            self.blame.answered(asked.key, sent)
            self._breaker.succeeded(permit)
            raise
        except CallFailed as failure:
            result = failure.kind
            if self._is_news(failure, asked, sent, control=control):
                self._failed(permit, failure, asked)
            raise
        else:
            result = "authorized" if answer.authorized else "declined"
            self._answered = asked
            self.answer_seconds.append(time.monotonic() - sent)
            self.blame.answered(asked.key, sent)
            self._breaker.succeeded(permit)
            return answer
        finally:
            # Does nothing where it was said already how the call went.
            self._breaker.ended(permit)
            self._metrics.call(result, time.monotonic() - sent)

    def _is_news(self, failure: CallFailed, asked: Question, sent: float, *, control: bool) -> bool:
        """Whether the failure says something about the service, and so is one for the breaker."""
        if not failure.may_be_the_account:
            return failure.kind != "throttled"
        if control:
            self.blame.control_failed(sent)
            return True
        return self.blame.failed(asked.key)

    def _failed(self, permit: int, failure: CallFailed, asked: Question) -> None:
        self._breaker.failed(permit)
        if self._breaker.state != CLOSED and self._bringing_back is None:
            logger.warning("Veritas is unavailable, accounts wait: %s", failure)
            self._bringing_back = asyncio.create_task(self._bring_back(asked))

    async def _bring_back(self, asked: Question) -> None:
        """Probe until the breaker is closed, as those who wait may look only much later."""
        while self._breaker.state != CLOSED:
            # Somebody else's probe may be under way when the pause is over.
            await asyncio.sleep(max(0.05, self._breaker.pause_left))
            if self._breaker.state != CLOSED:
                known = self._answered is not None
                probe = self._answered or self._next_waiting() or asked
                try:
                    await self.call(probe, control=known)
                except CallFailed:
                    # It is down, so what failed meanwhile was nobody's fault.
                    self.blame.clear()
                except VeritasError:
                    pass
        self._bringing_back = None
        self._waiting.clear()
        logger.warning("Veritas answers again")

    def _next_waiting(self) -> Question | None:
        """In turn: who still waits when it has been asked is noted again, behind the others."""
        return self._waiting.popitem(last=False)[1] if self._waiting else None
