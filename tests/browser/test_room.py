"""Numbers and tables of a stream that is large, on screens that are not."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site
from tests.functional.web_fakes import Stage

LARGE = 1_234_567_890
COLUMNS = {1920: 6, 1280: 6, 1200: 6, 1024: 3, 700: 3, 360: 2}


def large(number: int) -> Callable[[Stage], None]:
    """As many accounts, and no fewer to be judged."""

    def act(stage: Stage) -> None:
        stage.feed.source_ends[0] = number
        stage.feed.set(0, authorized=number, dead_letters=8 * number // 9)

    return act


def overflowing(page: Page) -> list[str]:
    """What is wider than its place: the page itself, and tiles."""
    return page.evaluate(  # type: ignore[no-any-return]
        """[document.documentElement, ...document.querySelectorAll(".tile, .tile dd")]
            .filter((one) => one.scrollWidth > one.clientWidth)
            .map((one) => `${one.outerHTML.slice(0, 60)}: ${one.scrollWidth}`)"""
    )


def sizes(page: Page) -> list[float]:
    """Of the totals' letters, in px."""
    return page.evaluate(  # type: ignore[no-any-return]
        """[...document.querySelectorAll(".tile dd")]
            .map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    )


def test_numbers_of_ten_digits_stay_in_their_tiles_at_every_width(site: Site, visit: Open) -> None:
    page = visit().page
    for digits in (3, 8, 10):
        number = int(str(LARGE)[:digits])
        site.do(large(number))
        expect(page.locator("#lag")).to_have_text(f"{number:,}")
        for width in COLUMNS:
            page.set_viewport_size({"width": width, "height": 800})
            assert (width, overflowing(page)) == (width, [])
            assert len({round(size) for size in sizes(page)}) == 1
    style = "getComputedStyle(document.querySelector('.tile dd')).fontVariantNumeric"
    assert page.evaluate(style) == "tabular-nums"


def test_no_tile_stands_alone_in_its_row(site: Site, visit: Open) -> None:
    page = visit().page
    for width, columns in COLUMNS.items():
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.evaluate("[...document.querySelectorAll('.tile')].map((one) => one.offsetTop)")
        assert [tops.count(top) for top in sorted({*tops})] == [columns] * (6 // columns)
