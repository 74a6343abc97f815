from collections.abc import AsyncIterator

import faust
import pytest

from tests.faust_apps import close_unused_thread
from tests.functional.http_clients import connect

__all__ = ["app", "connect"]


@pytest.fixture
async def app() -> AsyncIterator[faust.App]:
    """A Faust app of the test's own, connected to nothing."""
    app = faust.App("functional-test", store="memory://")
    app.finalize()
    app.flow_control.resume()
    yield app
    close_unused_thread(app)
