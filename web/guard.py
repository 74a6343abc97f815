"""Access token and security headers."""

import base64
import binascii
import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from records.printable.text import shown
from web.headers import HEADERS

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CHALLENGE = 'Basic realm="fraud stream", charset="UTF-8"'


def guard(server: web.Application, token: str | None) -> None:
    """Set the security headers on every answer, and require the token except for health.

    The token is sent as `Authorization: Bearer TOKEN`, or as the password of HTTP Basic with any
    user name. Browsers ask for the latter themselves and send it with every request of the page,
    the event stream included, without a cookie or a script.
    """
    server.on_response_prepare.append(_add_headers)
    server.middlewares.append(_no_traceback)
    if token is not None:
        server.middlewares.append(_asking_for(token.encode()))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value
    # Browsers revalidate pages and scripts, and store no data.
    static = request.path == "/" or request.path.startswith("/static/")
    response.headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
    response.headers.pop("Server", None)


@web.middleware
async def _no_traceback(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPForbidden:
        # aiohttp answers so to a folder among the static files: do not reveal that it exists.
        raise web.HTTPNotFound from None
    except web.HTTPException:
        raise
    except Exception:
        logger.exception("%s %s failed", request.method, shown(request.path, 200))
        return web.Response(status=500, text="500: internal error, see the worker's log")


def _asking_for(token: bytes) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        open_to_all = request.path.rstrip("/") in ("/health/live", "/health/ready")
        if open_to_all or _is(token, request.headers.get("Authorization", "")):
            return await handler(request)
        return web.Response(
            status=401, text="401: token needed", headers={"WWW-Authenticate": _CHALLENGE}
        )

    return check


def _is(token: bytes, authorization: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    given = credentials.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":
        try:
            _, _, given = base64.b64decode(given, validate=True).partition(b":")
        except binascii.Error:
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given, token)
