"""Numbers and tables of a stream that is large, on screens that are not."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOPMOST, Open, Site
from tests.browser.demo import demo
from tests.functional.web.web_fakes import Stage
from web import Health

LARGE = 1_234_567_890
COLUMNS = {1920: 6, 1280: 6, 1200: 6, 1024: 3, 700: 3, 360: 2, 320: 2}


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
    head = table.get_by_role("columnheader", name="Lag")
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
    expect(note).to_have_text("1 worker · highest lag: partition 63")

    def left_alone(stage: Stage) -> None:
        stage.owners = {number: f"10.0.0.{number % 2}:6066" for number in range(61)}
        stage.feed.changed()

    site.do(left_alone)
    expect(note).to_have_text("2 workers · 3 of 64 without an owner · highest lag: partition 63")

    def changing_hands(stage: Stage) -> None:
        stage.owners = None
        stage.feed.changed()

    site.do(changing_hands)
    expect(note).to_have_text("owners unknown · highest lag: partition 63")
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


#: Texts of which a part is outside something that cuts it off, left or right.
CUT = """() => {
    const cuts = (one) =>
        getComputedStyle(one).overflowX !== "visible" || one === document.documentElement;
    const outside = (box, one) => {
        const left = one.getBoundingClientRect().left;
        return box.left < left - 0.5 || box.right > left + one.clientWidth + 0.5;
    };
    const cut = [];
    for (const one of document.querySelectorAll("body *")) {
        const text = [...one.childNodes].find((node) => node.nodeType === 3 && node.data.trim());
        if (!text || one.closest(".unseen, .skip, thead, script")) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        for (let around = one; around; around = around.parentElement) {
            if (cuts(around) && [...range.getClientRects()].some((box) => outside(box, around))) {
                cut.push(`${text.data.trim()} in ${around.tagName}#${around.id}`);
            }
        }
    }
    return cut;
}"""


def figures(stage: Stage) -> None:
    """Long figures, long words, and every part of the page filled."""
    demo(stage)
    stage.owners = {
        0: "worker-of-a-long-name-0:6066",
        1: "10.20.30.40:16066",
        2: "host-a.example.org:6066",
    }
    stage.provider = Health("bad", "unavailable: no connection (ClientConnectorError); " * 3)
    stage.feed.set(
        3,
        authorized=LARGE,
        review=LARGE,
        unauthorized=LARGE,
        dead_letters=LARGE,
        next_offset=2**63 - 1,
        reasons={"card_malformed_or_something_longer_than_that": LARGE, "name_blank": 1},
        codes={"x" * 64: LARGE},
        updated_at=int(time.time() * 1000) - 600_000,
    )
    stage.feed.source_ends[3] = 2**63 - 1 + LARGE
    long = ["name_blank", "amount_not_positive", "card_malformed", "veritas_declined", "y" * 60]
    stage.recent.verdicts = [
        {**one, "amount": amount, "authorized": False, "outcome": "unauthorized", "reasons": long}
        for one, amount in zip(
            stage.recent.verdicts, (7_567.06, 9_999_999_999_999.99, 1e30, -1.5e308), strict=False
        )
    ]
    stage.feed.changed()


@pytest.mark.parametrize("width", [320, 360, 390, 414, 768, 1024, 1100, 1280])
def test_no_figure_is_cut_at_any_width(site: Site, visit: Open, width: int) -> None:
    site.do(figures)
    page = visit(viewport={"width": width, "height": 900}).page
    expect(page.locator("#recent tbody tr")).to_have_count(4)
    expect(page.locator("#partitions tbody tr")).to_have_count(4)
    expect(page.locator("#recent")).to_contain_text("7,567.06")
    expect(page.locator("#partitions")).to_contain_text("10 min ago")
    assert page.evaluate(CUT) == []
    assert overflowing(page) == []
    for name in ("#partitions", "#recent"):
        box = page.locator(name).locator("xpath=..")
        assert box.evaluate("one => one.scrollWidth - one.clientWidth") <= 0, name


def test_the_measure_of_what_is_cut_finds_a_cut_figure(site: Site, visit: Open) -> None:
    site.do(figures)
    page = visit(bypass_csp=True, viewport={"width": 390, "height": 900}).page
    expect(page.locator("#recent tbody tr")).to_have_count(4)
    page.add_style_tag(
        content=".card { width: 12rem; } #recent td { min-width: 6rem; }"
        "#recent tbody tr { flex-wrap: nowrap; }"
    )
    assert any("7,567.06" in one for one in page.evaluate(CUT))


def test_a_phone_shows_all_of_a_partition_with_labels(site: Site, visit: Open) -> None:
    site.do(many)
    page = visit(viewport={"width": 390, "height": 800}).page
    rows = page.locator("#partitions tbody tr")
    expect(rows).to_have_count(64)
    labels = rows.first.evaluate(
        "row => [...row.cells].map((cell) => getComputedStyle(cell, '::before').content)"
    )
    assert labels[:3] == ['"Partition "', '"lag "', '"owner "']
    expect(page.get_by_role("columnheader", name="Next offset")).to_be_attached()
    expect(page.locator("#partitions").get_by_role("rowheader").first).to_have_text("0")
