from collections.abc import AsyncIterator
from typing import Any, cast

import faust
import pytest

from tests.functional.http_clients import connect

__all__ = ["app", "connect"]


@pytest.fixture
async def app() -> AsyncIterator[faust.App]:
    """A Faust app of the test's own, connected to nothing."""
    app = faust.App("functional-test", store="memory://")
    app.finalize()
    app.flow_control.resume()
    yield app
    # Faust makes the consumer's thread loop when an agent starts, and never closes one that no
    # thread ran.
    if app._consumer is not None:
        cast(Any, app._consumer)._thread.thread_loop.close()
