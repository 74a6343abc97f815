"""aiohttp's server with answers of our own to bytes that are not HTTP.

aiohttp answers a request that it cannot parse before any page or middleware sees it. Its answer and
its log line quote the request, and its answer names its version and Python's.
"""

import logging
from http import HTTPStatus
from typing import Any, cast

import faust
from aiohttp import web
from faust_transactions import set_web_runner

from web.headers import HEADERS

logger = logging.getLogger(__name__)


class Runner(web.AppRunner):
    """Takes the place of `aiohttp.web.AppRunner`."""

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 - there is no other way to a protocol of one's own
            **made._kwargs,  # noqa: SLF001
        )


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """The answer where there was no request to hand to a page; ends the connection."""
        level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.DEBUG
        logger.log(level, "%d answered to %s: %s", status, request.remote, type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, so there can be no other")
        answer = _Answer(
            status=status,
            text=f"{status}: {HTTPStatus(status).phrase}",
            headers={**HEADERS, "Cache-Control": "no-store"},
        )
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends an answer; aiohttp's own to an Expect header would quote it."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp.text = f"{resp.status}: {resp.reason}"
        return await super().finish_response(request, resp, start_time)


class _Answer(web.Response):
    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)


def use(app: faust.App) -> None:
    """Serve the app's pages by `Runner`. Before the app starts."""
    set_web_runner(app, Runner(cast(Any, app.web).web_app, access_log=None))
