"""The bench's look at a page, on a page."""

import threading

from playwright.sync_api import Browser

from tests.browser.conftest import Site
from tools.bench.browser import Visit


def test_an_open_page_tells_what_it_shows_and_what_it_takes(browser: Browser, site: Site) -> None:
    site.do(lambda stage: stage.feed.set(0, authorized=12_345, next_offset=12_345))
    with Visit(browser, site.url) as visit:
        visit.wait_for_figures()
        assert visit.total() == "12,345"
        memory = visit.memory()
    assert memory.heap > 100_000
    assert memory.nodes > 100
    assert memory.resident > 10_000_000


def test_figures_that_come_late_are_waited_for(browser: Browser, site: Site) -> None:
    with Visit(browser, site.url) as visit:
        visit.wait_for_figures()
        site.down()
        visit.page.locator("#total").evaluate("one => { one.textContent = '-'; }")
        threading.Timer(0.5, site.up).start()
        visit.wait_for_figures()
        assert visit.total() == "0"
