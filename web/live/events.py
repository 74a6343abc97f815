"""The server-sent events of `/verdicts/stream`."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import orjson

from web import documents
from web.live.state import WebState

#: Seconds: least between two documents, between two dashboards, and until a keep-alive comment.
PAUSE = 0.5
DASHBOARD_PAUSE = 1.0
KEEP_ALIVE = 15.0
_RETRY_MS = 2_000


async def events(
    state: WebState, stopping: Callable[[], bool], *, dashboards: bool
) -> AsyncGenerator[bytes, None]:
    """The counts at once and whenever they change; with `dashboards`, the page's document too.

    Yields only keep-alive comments before the counts of the group are known. Ends within half a
    second after `stopping()` became true.
    """
    yield f"retry: {_RETRY_MS}\n\n".encode()
    counts = _Pacer(b"", PAUSE, lambda: orjson.dumps(documents.counts(state)))
    page = _Pacer(
        b"event: dashboard\n", DASHBOARD_PAUSE, lambda: orjson.dumps(documents.dashboard(state))
    )
    pacers = [counts, page] if dashboards else [counts]
    last_sent = time.monotonic()
    while not stopping():
        version = state.feed.version
        out = b"".join(pacer.event() for pacer in pacers) if state.feed.ready else b""
        if not out and time.monotonic() - last_sent >= KEEP_ALIVE:
            out = b": keep-alive\n\n"
        if out:
            last_sent = time.monotonic()
            yield out
        if counts.wait > 0:
            await asyncio.sleep(counts.wait)
        else:
            await state.feed.wait_changed(version, PAUSE)


class _Pacer:
    """One kind of event: sent when its document has changed, and not more often than allowed."""

    def __init__(self, head: bytes, pause: float, document: Callable[[], bytes]) -> None:
        self._head = head
        self._pause = pause
        self._document = document
        self._last = b""
        self._sent = float("-inf")

    @property
    def wait(self) -> float:
        """Seconds until the next event may be sent."""
        return self._sent + self._pause - time.monotonic()

    def event(self) -> bytes:
        """The event to send now, or nothing."""
        if self.wait > 0:
            return b""
        document = self._document()
        if document == self._last:
            return b""
        self._last, self._sent = document, time.monotonic()
        return self._head + b"data: " + document + b"\n\n"
