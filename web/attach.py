"""Attach the pages to a Faust app."""

from typing import Any, cast

import aiohttp.web
import faust

from web import runner
from web.guard import guard
from web.live.sampler import Sampler
from web.live.state import WebState
from web.metrics import worker_metrics
from web.views import STATE, blueprint


def attach(app: faust.App, state: WebState, *, token: str | None = None) -> None:
    """Serve the pages of `state` from the app's web server, which starts and stops with it.

    With `token`, every path but health requires it. Call it once, before the app starts and before
    other pages are added: of two pages with one path the first is served. Turn Faust's own pages
    off (`web_tables_enabled` and the like).
    """
    server: aiohttp.web.Application = cast(Any, app.web).web_app
    server[STATE] = state
    worker_metrics(state)
    guard(server, token)
    runner.use(app)
    blueprint.register(app)
    app.web.add_dependency(Sampler(state))
