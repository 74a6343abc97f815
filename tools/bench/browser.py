"""A headless Chromium with one page, and what that page costs the machine."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ARGUMENTS = (
    "--no-sandbox",  # everything here may run as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_TIMEOUT = 60.0
_DIGIT = re.compile("[0-9]")


class NoBrowser(RuntimeError):
    """There is no Chromium on the PATH."""


def find_chromium() -> str | None:
    """The path of the system's Chromium; None without one. Playwright's own is never used."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one page: bytes of its JavaScript heap, its DOM nodes, bytes of its process."""

    heap: int
    nodes: int
    resident: int


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that runs inside the block; raises NoBrowser."""
    found = find_chromium()
    if found is None:
        raise NoBrowser("no Chromium on the PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        # Without spare ones there is a renderer for each page and no other.
        spare = "--disable-features=SpareRendererForSitePerProcess"
        started = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, spare])
        try:
            yield started
        finally:
            started.close()


class Visit:
    """A page on the worker's dashboard, open inside the block; the only one of its browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def __enter__(self) -> "Visit":
        self._context = self._browser.new_context()
        self.page: Page = self._context.new_page()
        self._reach()
        self._session: CDPSession = self._context.new_cdp_session(self.page)
        self._session.send("Performance.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def wait_for_figures(self) -> None:
        """Until it shows how many accounts were judged."""
        # Not wait_for_function: it asks again by eval(), which the page's security policy refuses.
        self.page.locator("#total").filter(has_text=_DIGIT).wait_for()

    def total(self) -> str:
        """The number of accounts that it shows."""
        return self.page.locator("#total").inner_text()

    def memory(self) -> Memory:
        """After a collection of all garbage, so that what grows does grow."""
        self._session.send("HeapProfiler.collectGarbage")
        answer = self._session.send("Performance.getMetrics")
        metrics: dict[str, float] = {one["name"]: one["value"] for one in answer["metrics"]}
        return Memory(int(metrics["JSHeapUsedSize"]), int(metrics["Nodes"]), self._resident())

    def _reach(self) -> None:
        """A worker that has just been started does not answer yet."""
        deadline = time.monotonic() + _TIMEOUT
        while True:
            try:
                self.page.goto(self._url)
                return
            except PlaywrightError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def _resident(self) -> int:
        session = self._browser.new_browser_cdp_session()
        answer: dict[str, Any] = session.send("SystemInfo.getProcessInfo")
        session.detach()
        renderers = [one["id"] for one in answer["processInfo"] if one["type"] == "renderer"]
        return sum(map(resident_bytes, renderers))


def resident_bytes(process: int) -> int:
    """The memory of a process that is in RAM (RSS); 0 when it has just ended."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
