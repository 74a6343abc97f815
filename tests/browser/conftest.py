"""A real Chromium, and the web server of a stage in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import aiohttp.web
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.faust_apps import mark_stopping
from tests.functional.web.web_fakes import Stage
from tests.not_here import skip_or_fail
from tools.bench.browser import ARGUMENTS, find_chromium
from tools.devbroker.ports import free_port

T = TypeVar("T")

#: Asked of an element: is it what one sees at its middle?
TOPMOST = """one => {
    const box = one.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    return one.contains(document.elementFromPoint(x, y));
}"""


class Site:
    """A stage that is served; everything that touches it runs in its thread's loop."""

    def __init__(self, token: str | None = None) -> None:
        self.port = free_port()
        self.token = token
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def up(self) -> None:
        """A new worker on the same address."""
        self._run(self._up())

    def down(self) -> None:
        """The worker stops."""
        self._run(self._down())

    def do(self, action: Callable[[Stage], Any]) -> None:
        """Runs the action on the stage where its loop runs."""

        async def act() -> None:
            action(self.stage)

        self._run(act())

    def close(self) -> None:
        self.down()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return done.result(20)

    async def _up(self) -> None:
        self.stage = Stage(token=self.token)
        self._runner = aiohttp.web.AppRunner(self.stage.web_app())
        await self._runner.setup()
        await aiohttp.web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def _down(self) -> None:
        mark_stopping(self.stage.app)
        await self._runner.cleanup()


@pytest.fixture(scope="package")  # Playwright's loop keeps asyncio's tests from running beside it
def browser() -> Iterator[Browser]:
    found = find_chromium()
    if found is None:
        skip_or_fail("REQUIRE_BROWSER", "no Chromium on the PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.close()


class Visit:
    """A page that notes what it should not do."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.goto(url)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Open]:
    contexts: list[BrowserContext] = []

    def open_page(url: str = "", **options: Any) -> Visit:
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(10_000)
        return Visit(contexts[-1], url or site.url)

    yield open_page
    for context in contexts:
        context.close()
