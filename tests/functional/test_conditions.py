"""The health that the page shows are those of this very program's parts."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any, cast

import aiohttp.web
import pytest

from config import Settings
from web import WebState
from web.documents import dashboard
from web.views import STATE

Shown = Callable[[Settings], dict[str, Any]]


@pytest.fixture
def shown() -> Shown:
    """What the page shows of an app with these settings, before it is started."""
    # The program chooses the event loop of its process, which here is not its own.
    policy = asyncio.get_event_loop_policy()
    fraud_app = importlib.import_module("fraud_app")
    asyncio.set_event_loop_policy(policy)

    def health(settings: Settings) -> dict[str, Any]:
        app = fraud_app.create_app(settings)
        server: aiohttp.web.Application = cast(Any, app.web).web_app
        state: WebState = server[STATE]
        return cast(dict[str, Any], dashboard(state)["health"])

    return health


async def test_an_engine_that_has_no_partitions_yet_says_so(shown: Shown) -> None:
    health = shown(Settings())
    assert health["engine"] == {"level": "warn", "text": "waiting for partitions"}
    assert health["provider"] == {"level": "ok", "text": "simulated"}


async def test_a_service_that_was_not_asked_yet_says_so(shown: Shown) -> None:
    health = shown(Settings(veritas_url="http://127.0.0.1:1"))
    assert health["provider"] == {"level": "ok", "text": "not asked yet"}
