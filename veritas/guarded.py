"""Calls of the service by one pool of connections, through the breaker, counted."""

import asyncio
import logging
import random
import ssl
import time
from collections import deque
from contextlib import suppress
from typing import Final

import aiohttp

from veritas.breaker import CLOSED
from veritas.call import CallFailed, Question, ask
from veritas.health import UNAVAILABLE, Health
from veritas.metrics import VeritasMetrics
from veritas.protocol import VeritasAnswer, VeritasError, VeritasRejected, VeritasUnavailable

logger = logging.getLogger(__name__)

#: Of so many calls the median time is told.
LAST_CALLS: Final = 101


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
        health: Health,
        metrics: VeritasMetrics,
    ) -> None:
        self._url = url
        self._headers = headers
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._connections = connections
        self._health = health
        self._breaker = health.breaker
        self._metrics = metrics
        self._session: aiohttp.ClientSession | None = None
        self._bringing_back: asyncio.Task[None] | None = None
        #: Seconds of the last calls that were answered, the newest last.
        self.answer_seconds: deque[float] = deque(maxlen=LAST_CALLS)
        # One for each call, set when it ends.
        self._under_way: set[asyncio.Event] = set()
        # One asks about a control, for all.
        self._checking = asyncio.Lock()
        # Likewise for all who are put off: when it was begun to ask, and whether others passed.
        self._comparing = asyncio.Lock()
        self._compared = (0.0, False)

    async def start(self) -> None:
        """Make the pool; connects to nothing yet. CAs to trust are the system's, see README."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, ssl=ssl.create_default_context()
                ),
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

    async def control(self, asked: Question) -> None:
        """When this one failed, find out whether the service answers about others since.

        If nobody else was asked about, the last one that was answered is asked about again. Nothing
        happens where there is none.
        """
        known = self._health.probes.answered
        if known is None or known.key == asked.key:
            return
        if self._health.blame.needs_control(asked.key):
            await self._passes(known)

    async def puts_off_only(self, asked: Question) -> bool:
        """After a 429 about this one: whether others pass for sure, see `veritas.put_off`."""
        came, put_off = time.monotonic(), self._health.put_off
        known = self._health.probes.answered
        if not put_off.again(asked.key) or known is None or known.key == asked.key:
            return False
        async with self._comparing:
            if self._compared[0] < came:
                self._compared = time.monotonic(), await self._others_pass(known)
            passed = self._compared[1]
        return passed and put_off.other_passed(asked.key)

    async def _others_pass(self, known: Question) -> bool:
        # Once or twice: behind a balancer that goes round two instances, one of which throttles,
        # whoever is put off would else meet that one for ever, and this question the well one.
        return all([await self._passes(known) for _ in range(random.choice((1, 2)))])

    async def _passes(self, known: Question) -> bool:
        with suppress(CallFailed, VeritasError):
            await self._once(known, control=True)
            return True
        return False

    async def call(self, asked: Question) -> VeritasAnswer:
        """Ask once. Raises CallFailed; VeritasRejected when that lies with the account.

        VeritasUnavailable without asking while the breaker is open, and when a rejection may be
        everybody's.
        """
        try:
            return await self._once(asked)
        except CallFailed as failure:
            if failure.kind != "rejected":
                raise
            rejection = failure
        if not await self._is_own(asked, rejection):
            raise VeritasUnavailable(
                self._health.not_ready_reason or f"{rejection}, perhaps to everybody"
            )
        raise VeritasRejected(f"the verification service {rejection}")

    async def _is_own(self, asked: Question, rejection: CallFailed) -> bool:
        """Whether a rejection that came just now lies with the account."""
        came, rejections = time.monotonic(), self._health.rejections
        if rejections.believes(asked.key, came):
            return True
        if self._breaker.state != CLOSED:
            return False
        async with self._checking:
            if not rejections.borne_out(came) and self._breaker.state == CLOSED:
                await self._check(asked, rejection)
        return rejections.borne_out(came)

    async def _check(self, asked: Question, rejection: CallFailed) -> None:
        """Find out whether everybody is rejected, by a question that was answered before."""
        if self._health.probes.answered is None:
            # Rejections can be quicker than the first answers.
            for each in tuple(self._under_way):
                await each.wait()
        known = self._health.probes.answered
        if known is None:
            self._health.rejects_everybody(rejection, control=False)
        else:
            try:
                await self._once(known, control=True)
            except CallFailed as failure:
                if failure.kind == "rejected":
                    self._health.rejects_everybody(failure, control=True)
            except VeritasUnavailable:
                pass
        self._look(asked)

    async def _once(self, asked: Question, *, control: bool = False) -> VeritasAnswer:
        """Ask once. Raises CallFailed, or VeritasUnavailable without asking."""
        if self._session is None or self._session.closed:
            raise VeritasUnavailable("the connections to the verification service are closed")
        permit = self._breaker.admit()
        if permit is None:
            raise VeritasUnavailable(self._health.not_ready_reason or UNAVAILABLE)
        sent, ended = time.monotonic(), asyncio.Event()
        self._under_way.add(ended)
        result = "cancelled"
        try:
            answer = await ask(self._session, self._url, asked.as_control() if control else asked)
        except CallFailed as failure:
            result = failure.kind
            self._health.failed(permit, failure, asked, sent, control=control)
            self._look(asked)
            raise
        else:
            result = "authorized" if answer.authorized else "declined"
            self.answer_seconds.append(time.monotonic() - sent)
            self._health.answered(permit, asked, sent)
            return answer
        finally:
            # Does nothing where it was said already how the call went.
            self._breaker.ended(permit)
            self._metrics.call(result, time.monotonic() - sent)
            self._under_way.discard(ended)
            ended.set()

    def _look(self, asked: Question) -> None:
        """See to it that a service that is away is found back; `asked` was asked last."""
        if self._breaker.state != CLOSED and self._bringing_back is None:
            logger.warning("accounts wait, %s", self._health.not_ready_reason)
            self._health.probes.clear()
            self._bringing_back = asyncio.create_task(self._bring_back(asked))

    async def _bring_back(self, asked: Question) -> None:
        """Probe until the breaker is closed, as those who wait may look only much later."""
        health = self._health
        while self._breaker.state != CLOSED:
            # Somebody else's probe may be under way when the pause is over.
            await asyncio.sleep(max(0.05, self._breaker.pause_left))
            if self._breaker.state != CLOSED:
                probe, control = health.probes.next(asked)
                try:
                    await self._once(probe, control=control)
                except CallFailed as failure:
                    if failure.kind != "rejected":
                        # It is down, so what failed meanwhile was nobody's fault.
                        health.blame.clear()
                    elif control:
                        health.probes.control_rejected()
                except VeritasError:
                    pass
        self._bringing_back = None
        logger.warning("the verification service answers again")
