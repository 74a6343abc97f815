"""Puts the pages into a Faust app."""

from typing import Any, cast

import aiohttp.web
import faust

from web import runner
from web.guard import guard
from web.metrics import worker_metrics
from web.sampler import Sampler
from web.state import WebState
from web.views import STATE, blueprint


def attach(app: faust.App, state: WebState, *, token: str | None = None) -> None:
    """Serve the pages of `state` from the app's web server, which starts and stops with it.

    With `token` everything but health asks for it. To be called once, before the app starts, and
    before other pages are added: where two pages have one path, the first is served. Faust's own
    pages (`web_tables_enabled` and the like) are the caller's to turn off.
    """
    server: aiohttp.web.Application = cast(Any, app.web).web_app
    server[STATE] = state
    worker_metrics(state)
    guard(server, token)
    runner.use(app)
    blueprint.register(app)
    app.web.add_dependency(Sampler(state))
