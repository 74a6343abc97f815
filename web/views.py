"""The pages and documents of a worker; their state is in the app's web server."""

import asyncio
import contextlib
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import aiohttp.web
import faust.web
import orjson
from faust.types.web import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from web import documents, rules
from web.live.events import events
from web.live.state import WebState

STATIC = Path(__file__).parent / "static"
STATE = aiohttp.web.AppKey("state", WebState)

#: Seconds that a request waits for the counts after the worker's start.
_TIMEOUT = 5.0
#: Seconds for one event; a client that reads none for this long is disconnected.
_SEND_TIMEOUT = 5.0
_MOST_STREAMS = 100
#: The characters of a topic's name; whatever else is asked for is not found.
_RECORD_ID = "{record_id:[a-zA-Z0-9._-]{1,300}}"
_TOKEN = re.compile(r"[0-9a-f]{32}")

blueprint = faust.web.Blueprint("verdicts")
blueprint.static("/static/", STATIC)


class StateView(faust.web.View):
    """A view of the worker's state."""

    @property
    def state(self) -> WebState:
        """What `web.attach` was given for this app."""
        server: aiohttp.web.Application = cast(Any, self.app.web).web_app
        return server[STATE]

    def document(self, value: Any, status: int = 200, headers: Any = None) -> Response:
        """JSON, one line."""
        body = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        kind = "application/json"
        return self.bytes(body, content_type=kind, status=status, headers=headers)

    def not_yet(self, reason: str) -> Response:
        """503: the answer will be there in a moment."""
        headers = {"Retry-After": "1"}
        return self.document({"error": reason}, HTTPStatus.SERVICE_UNAVAILABLE, headers)


@blueprint.route("/", name="page")
class Page(StateView):
    """The dashboard."""

    async def get(self, _request: Request) -> Response:
        """The same HTML for everybody; the figures come by the event stream."""
        return self.html((STATIC / "index.html").read_text(encoding="utf-8"))


@blueprint.route("/verdicts", name="counts-bare")
@blueprint.route("/verdicts/", name="counts")
class Counts(StateView):
    """The totals of the group; with `?token=`, the newest verdicts of that token."""

    async def get(self, request: Request) -> Response:
        """The counts, or 503 when those of the group are not known within 5 s."""
        asked = cast(aiohttp.web.Request, request).query.get("token")
        if asked is not None:
            return await self._verdicts_of(asked)
        feed = self.state.feed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                while not feed.ready:  # noqa: ASYNC110 - it can only be looked at
                    await asyncio.sleep(0.05)
        if not feed.ready:
            return self.not_yet("reading the counts of the group")
        return self.document(documents.counts(self.state))

    async def _verdicts_of(self, token: str) -> Response:
        """400 for anything else than a token; it is not repeated, as it may be a card number."""
        if not _TOKEN.fullmatch(token):
            error = {"error": "a token is 32 hex digits in lower case"}
            return self.document(error, HTTPStatus.BAD_REQUEST)
        answer = await self.state.searches.get(token)
        if answer is None:
            return self.not_yet("too many tokens are searched for at once")
        status, document = answer
        return self.document(document, status)


@blueprint.route("/verdicts/stream/", name="stream-slash")
@blueprint.route("/verdicts/stream", name="stream")
class Stream(StateView):
    """The counts as server-sent events; with `?events=dashboard` the page's document too."""

    open_streams = 0

    async def get(self, request: Request) -> Any:
        """Stream until the client leaves or the worker stops."""
        if self.open_streams >= _MOST_STREAMS:
            return self.not_yet("too many streams are open on this worker")
        self.open_streams += 1
        try:
            return await self._stream(cast(aiohttp.web.Request, request))
        finally:
            self.open_streams -= 1

    async def head(self, _request: Request, **_kwargs: Any) -> Response:
        """The headers, without opening a stream."""
        return self.bytes(b"", content_type="text/event-stream")

    async def _stream(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        # Proxies that buffer answers would hold the events back.
        response = aiohttp.web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        await response.prepare(request)
        dashboards = request.query.get("events") == "dashboard"
        watching = self.state.recent.watch() if dashboards else contextlib.nullcontext()
        coming = events(self.state, self._ends, dashboards=dashboards)
        with watching, contextlib.suppress(ConnectionError, TimeoutError):
            async with contextlib.aclosing(coming):
                async for event in coming:
                    async with asyncio.timeout(_SEND_TIMEOUT):
                        await response.write(event)
        return response

    def _ends(self) -> bool:
        return self.app.should_stop


@blueprint.route(f"/verdicts/{_RECORD_ID}/", name="verdict-slash")
@blueprint.route(f"/verdicts/{_RECORD_ID}", name="verdict")
class Verdict(StateView):
    """Why one account was judged so."""

    async def get(self, _request: Request, record_id: str) -> Response:
        """The document of `explain`; 503 while too many wait for theirs."""
        answer = await self.state.explanations.get(record_id)
        if answer is None:
            return self.not_yet("too many verdicts are asked for at once")
        status, document = answer
        return self.document(document, status)


@blueprint.route("/rules", name="rules-bare")
@blueprint.route("/rules/", name="rules")
class Rules(StateView):
    """The active rule set."""

    async def get(self, _request: Request) -> Response:
        """Its version and rules, and how often each fired in the whole group."""
        if not self.state.feed.ready:
            return self.not_yet("reading the counts of the group")
        return self.document(rules.rules(self.state))


@blueprint.route("/health/live/", name="live-slash")
@blueprint.route("/health/live", name="live")
class Live(StateView):
    """Liveness."""

    async def get(self, _request: Request) -> Response:
        """Always 200: a process that is stuck does not answer."""
        return self.document({"status": "live"})


@blueprint.route("/health/ready/", name="ready-slash")
@blueprint.route("/health/ready", name="ready")
class Ready(StateView):
    """Readiness."""

    async def get(self, _request: Request) -> Response:
        """200, with the reasons while the worker is degraded, or 503 with the reason."""
        reason = self.state.not_ready_reason
        if reason is None:
            degraded = self.state.degraded()
            return self.document({"status": "ready"} | ({"degraded": degraded} if degraded else {}))
        answer = {"status": "not ready", "reason": reason}
        return self.document(answer, HTTPStatus.SERVICE_UNAVAILABLE)


@blueprint.route("/metrics/", name="metrics-slash")
@blueprint.route("/metrics", name="metrics")
class Metrics(StateView):
    """The metrics of this worker, for Prometheus."""

    async def get(self, _request: Request) -> Response:
        """Prometheus' text format."""
        kind = {"Content-Type": CONTENT_TYPE_LATEST}
        return self.bytes(generate_latest(self.state.registry), headers=kind)
