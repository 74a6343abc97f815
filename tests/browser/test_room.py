"""Numbers and tables of a stream that is large, on screens that are not."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOPMOST, Open, Site
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


def right(one: Locator) -> float:
    """Of its right edge, in px."""
    return one.evaluate("one => one.getBoundingClientRect().right")  # type: ignore[no-any-return]


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


def many(stage: Stage) -> None:
    """Partitions, of which the last one has the most to do."""
    for number in range(64):
        stage.feed.source_ends[number] = LARGE + number
        stage.feed.set(number, authorized=LARGE, next_offset=LARGE)
        stage.owners = {**(stage.owners or {}), number: "host-a:6066"}


def test_many_partitions_scroll_below_their_heads(site: Site, visit: Open) -> None:
    site.do(many)
    page = visit(viewport={"width": 1280, "height": 1_600}).page
    table = page.locator("#partitions")
    expect(table.locator("tbody tr")).to_have_count(64)
    assert page.evaluate("document.documentElement.scrollHeight") < 2_500
    head = table.get_by_role("columnheader", name="Not judged yet")
    before = head.bounding_box()
    last = table.locator("tbody tr").last
    box = table.locator("xpath=..")
    box.evaluate("one => { one.scrollTop = one.scrollHeight; }")
    expect(last).to_be_in_viewport()
    expect(last.get_by_role("cell").first).to_have_text("63")
    assert head.bounding_box() == before
    assert head.evaluate(TOPMOST), "a line lies on it"


def test_what_one_would_have_to_scroll_for_is_summed_up(site: Site, visit: Open) -> None:
    site.do(many)
    page = visit().page
    note = page.locator("#partitions-note")
    expect(note).to_have_text("1 worker · most to do: partition 63")

    def left_alone(stage: Stage) -> None:
        stage.owners = {number: f"10.0.0.{number % 2}:6066" for number in range(61)}
        stage.feed.changed()

    site.do(left_alone)
    expect(note).to_have_text("2 workers · 3 of 64 without an owner · most to do: partition 63")

    def changing_hands(stage: Stage) -> None:
        stage.owners = None
        stage.feed.changed()

    site.do(changing_hands)
    expect(note).to_have_text("owners not known now · most to do: partition 63")
    expect(page.locator("#partitions tbody tr").first).to_contain_text("\N{EN DASH}")


def test_an_owner_is_shown_without_its_domain_and_an_address_in_full(
    site: Site, visit: Open
) -> None:
    def act(stage: Stage) -> None:
        stage.owners = {0: "host-a.far.example.org:6066", 1: "10.0.0.7:6066"}
        stage.feed.changed()

    site.do(act)
    cells = visit().page.locator("#partitions tbody td:nth-child(3)")
    expect(cells).to_have_text(["host-a:6066", "10.0.0.7:6066"])
    expect(cells.first).to_have_attribute("title", "host-a.far.example.org:6066")


def test_a_phone_shows_of_a_partition_what_is_to_be_done_and_whose_it_is(
    site: Site, visit: Open
) -> None:
    site.do(many)
    page = visit(viewport={"width": 390, "height": 800}).page
    table = page.locator("#partitions")
    expect(table.locator("tbody tr")).to_have_count(64)
    assert overflowing(page) == []
    box = table.locator("xpath=..")
    edge = right(box)
    for name in ("Partition", "Not judged yet", "Owner"):
        assert right(table.get_by_role("columnheader", name=name, exact=True)) <= edge
    box.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    number = table.locator("tbody th").first
    number.scroll_into_view_if_needed()
    expect(number).to_be_in_viewport(ratio=1)
    assert number.evaluate(TOPMOST), "a figure lies on it"
