import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import TOPMOST, Open, Site, Visit
from tests.functional.web.web_fakes import Stage
from web import Health
from web.live.history import Sample

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
MARKUP = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>"


def counts(authorized: int, unauthorized: int = 0, **others: Any) -> Callable[[Stage], None]:
    return lambda stage: stage.feed.set(
        0,
        authorized=authorized,
        unauthorized=unauthorized,
        next_offset=authorized + unauthorized,
        updated_at=int(time.time() * 1000),
        **others,
    )


def verdict(number: int, *reasons: str) -> dict[str, Any]:
    return {
        "id": f"bankaccount-0-{number}",
        "at": 1795410452087 + number,
        "card": f"************{5000 + number}",
        "amount": 100.5 + number,
        "authorized": not reasons,
        "outcome": "unauthorized" if reasons else "authorized",
        "reasons": list(reasons),
        "allowed_by": "",
        "shadow": [],
    }


REVIEW = {**verdict(9, "large"), "outcome": "review"}


def show(*verdicts: dict[str, Any]) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.recent.verdicts = list(verdicts)
        stage.feed.changed()

    return act


def full(stage: Stage) -> None:
    """Something everywhere on the page."""
    now = time.time()
    for number in range(60):
        totals = (9 * number, 2 * number, 4 * number, number)
        stage.state.history.add(Sample(now - 300 + 5 * number, *totals))
    stage.feed.set(
        0,
        authorized=531,
        review=118,
        unauthorized=236,
        dead_letters=59,
        next_offset=944,
        reasons={"veritas_declined": 200, "card_checksum": 36},
        codes={"not_json": 50, "field_missing": 9},
        updated_at=int(now * 1000),
    )
    stage.feed.source_ends = {0: 1_018, 1: 0}
    stage.owners = {0: "host-a:6066"}
    stage.provider = Health("bad", "away for 2 minutes")
    stage.recent.verdicts = [verdict(3), verdict(2, "card_checksum"), REVIEW]
    stage.feed.changed()


def test_the_counts_rise_by_themselves(site: Site, visit: Open) -> None:
    site.do(counts(1_000, 500))
    page = visit().page
    expect(page.locator("#authorized")).to_have_text("1,000")
    expect(page.locator("#share-authorized")).to_have_text("66.7 %")
    expect(page.locator("#link-text")).to_have_text("live")
    site.do(counts(3_000, 1_000))
    expect(page.locator("#authorized")).to_have_text("3,000")
    expect(page.locator("#total")).to_have_text("4,000")
    expect(page.locator("#share-authorized")).to_have_text("75.0 %")


def test_everything_the_worker_knows_is_on_the_page(site: Site, visit: Open) -> None:
    site.do(full)
    page = visit().page
    expect(page.locator("#lag")).to_have_text("74")
    expect(page.locator("#total")).to_have_text("885")
    for outcome, number, part in (
        ("authorized", "531", "60.0 %"),
        ("review", "118", "13.3 %"),
        ("unauthorized", "236", "26.7 %"),
    ):
        expect(page.locator(f"#{outcome}")).to_have_text(number)
        expect(page.locator(f"#share-{outcome}")).to_have_text(part)
    expect(page.locator("#recent tbody tr").last).to_contain_text("review")
    expect(page.locator("#dead_letters")).to_have_text("59")
    expect(page.locator("#reasons li")).to_have_count(2)
    expect(page.locator("#reasons")).to_contain_text("veritas_declined200")
    expect(page.locator("#codes")).to_contain_text("not_json50")
    expect(page.locator("#partitions tbody tr")).to_have_count(2)
    expect(page.locator("#partitions tbody tr").first).to_contain_text("host-a:6066")
    expect(page.locator("#partitions tbody tr").last).to_contain_text("unassigned")
    expect(page.get_by_role("columnheader", name="Owner")).to_be_visible()
    expect(page.locator("#health [data-level=bad]")).to_have_text(
        "Verification service: away for 2 minutes"
    )
    expect(page.locator("#worker")).to_have_text("worker-a:6066")
    expect(page.locator("#version")).to_have_text("1.2.3")
    expect(page.locator("#rates canvas")).to_be_visible()
    expect(page.locator("#rates")).to_have_attribute(
        "aria-label", "Accounts per second over the last 15 minutes: 3.2 on average"
    )


def test_the_history_is_there_after_a_reload(site: Site, visit: Open) -> None:
    site.do(full)
    page = visit().page
    label = page.locator("#mix")
    expect(label).to_have_attribute(
        "aria-label", "Share authorized over the last 15 minutes: 60.0 %"
    )
    page.reload()
    expect(label).to_have_attribute(
        "aria-label", "Share authorized over the last 15 minutes: 60.0 %"
    )


def test_it_says_that_it_is_not_connected_and_comes_back(site: Site, visit: Open) -> None:
    site.do(counts(10))
    page = visit().page
    expect(page.locator("#authorized")).to_have_text("10")
    site.down()
    expect(page.locator("#link-text")).to_contain_text("not connected")
    expect(page).to_have_title("Not connected: Bank account verdicts")
    expect(page.locator("#authorized")).to_have_text("10")
    site.up()
    site.do(counts(25))
    expect(page.locator("#authorized")).to_have_text("25")
    expect(page.locator("#link-text")).to_have_text("live")
    expect(page).to_have_title("Bank account verdicts")


@pytest.mark.parametrize("width", [360, 1280])
def test_that_it_is_not_connected_is_seen_from_everywhere(
    site: Site, visit: Open, width: int
) -> None:
    site.do(full)
    page = visit(viewport={"width": width, "height": 500}).page
    expect(page.locator("#recent tbody tr")).to_have_count(3)
    page.locator("footer").scroll_into_view_if_needed()
    link = page.locator("#link")
    expect(link).not_to_be_in_viewport()
    site.down()
    expect(link).to_contain_text("not connected")
    expect(link).to_be_in_viewport(ratio=1)
    for place in ("#health", "#partitions", "footer"):
        page.locator(place).scroll_into_view_if_needed()
        expect(link).to_be_in_viewport(ratio=1)
        assert link.evaluate(TOPMOST), "something lies on it"


def test_it_comes_back_when_it_was_refused_too(site: Site, visit: Open) -> None:
    site.do(counts(10))
    page = visit().page
    # Chromium sends a request again by itself when its connection is closed before an answer.
    expect(page.locator("#link-text")).to_have_text("live")
    refused: list[str] = []

    def refuse(route: Any) -> None:
        refused.append(route.request.url)
        route.fulfill(status=503, body="")

    page.route("**/verdicts/stream*", refuse)
    site.down()
    site.up()
    site.do(counts(11))
    expect(page.locator("#link-text")).to_contain_text("not connected")
    while len(refused) < 2:
        page.wait_for_timeout(200)
    page.unroute("**/verdicts/stream*")
    expect(page.locator("#authorized")).to_have_text("11")


def test_the_verdicts_can_be_filtered(site: Site, visit: Open) -> None:
    site.do(show(verdict(1), verdict(2, "card_checksum"), verdict(3, "name_blank"), REVIEW))
    page = visit().page
    rows = page.locator("#recent tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_role("radio", name="unauthorized").check()
    expect(rows).to_have_count(2)
    expect(page.locator("#recent-note")).to_have_text("2 of the last 4")
    expect(rows.first).to_contain_text("card_checksum")
    expect(rows.first.get_by_role("cell").nth(2)).to_have_text("…5002")
    page.get_by_role("radio", name="review").check()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("large")
    page.get_by_role("radio", name="authorized", exact=True).check()
    expect(rows).to_have_count(1)
    site.do(show(verdict(4, "name_blank")))
    expect(rows).to_have_count(0)
    expect(page.locator("#recent-none")).to_be_visible()
    expect(page.locator("#recent-note")).to_have_text("0 of the last 1")


def test_the_verdicts_can_be_paused_and_the_counts_go_on(site: Site, visit: Open) -> None:
    site.do(show(verdict(1)))
    page = visit().page
    rows = page.locator("#recent tbody tr")
    expect(rows).to_have_count(1)
    note = page.locator("#recent-note")
    page.get_by_role("button", name="Pause").click()
    expect(note).to_have_text(
        re.compile(r"Paused at [\d:]+; the counts above continue. 1 of the last 1")
    )
    site.do(show(verdict(1), verdict(2)))
    site.do(counts(77))
    expect(page.locator("#authorized")).to_have_text("77")
    page.wait_for_timeout(1_500)
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Resume").click()
    expect(rows).to_have_count(2)
    expect(note).to_have_text("2 of the last 2")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_markup_from_the_stream_is_text(site: Site, visit: Open) -> None:
    def act(stage: Stage) -> None:
        stage.provider = Health("warn", MARKUP)
        stage.feed.set(0, unauthorized=1, reasons={MARKUP: 1}, codes={MARKUP: 1})
        stage.owners = {0: MARKUP}
        stage.recent.verdicts = [{**verdict(1, MARKUP), "card": MARKUP}]

    site.do(act)
    opened = visit()
    page = opened.page
    expect(page.locator("#reasons .name")).to_have_text(MARKUP)
    expect(page.locator("#codes .name")).to_have_text(MARKUP)
    expect(page.locator("#recent tbody td").nth(2)).to_have_text(MARKUP)
    expect(page.locator("#recent tbody td").nth(4)).to_have_text(MARKUP)
    expect(page.locator("#partitions tbody tr").first).to_contain_text(MARKUP)
    expect(page.locator("#health")).to_contain_text(MARKUP)
    assert page.title() == "Bank account verdicts"
    assert page.locator("main img, main script").count() == 0


def test_nothing_is_asked_of_another_host_and_nothing_is_complained_of(
    site: Site, visit: Open
) -> None:
    site.do(full)
    opened = visit()
    expect(opened.page.locator("#authorized")).to_have_text("531")
    opened.page.wait_for_timeout(1_500)
    assert opened.complaints == []
    assert {url.split("/")[2] for url in opened.requested} == {f"127.0.0.1:{site.port}"}


@pytest.mark.parametrize(
    ("state", "width"),
    [("live", 360), ("live", 1400), ("paused", 1400), ("not connected", 1400), ("empty", 1400)],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(site: Site, visit: Open, width: int, scheme: str, state: str) -> None:
    if state != "empty":
        site.do(full)
    # The policy of the page would refuse the checker itself.
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = visit(bypass_csp=True, **options).page
    expect(page.locator("#authorized")).to_have_text("0" if state == "empty" else "531")
    if state == "paused":
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#recent-note")).to_contain_text("Paused")
    if state == "not connected":
        site.down()
        expect(page.locator("#link-text")).to_contain_text("not connected since")
    page.add_script_tag(content=AXE)
    result = page.evaluate("axe.run()")
    assert len(result["passes"]) > 10, "the checker checked nothing"
    found = [
        (one["id"], one["impact"], [n["html"] for n in one["nodes"]])
        for one in result["violations"]
    ]
    assert found == []
    # What a phone has scrolled out of sight cannot be looked at.
    assert {one["id"] for one in result["incomplete"]} <= {"color-contrast"}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_numbers_do_not_jump(site: Site, visit: Open) -> None:
    site.do(counts(111_111, 111_111))
    page = visit().page
    tile = page.locator(".tile.authorized")
    expect(page.locator("#authorized")).to_have_text("111,111")
    width = """number => {
        const range = document.createRange();
        range.selectNodeContents(number);
        return range.getBoundingClientRect().width;
    }"""
    before = (page.locator("#authorized").evaluate(width), tile.bounding_box())
    site.do(counts(888_888, 111_111))
    expect(page.locator("#authorized")).to_have_text("888,888")
    assert (page.locator("#authorized").evaluate(width), tile.bounding_box()) == before


def test_it_works_by_keyboard(site: Site, visit: Open) -> None:
    site.do(show(verdict(1), verdict(2, "name_blank")))
    page = visit().page
    rows = page.locator("#recent tbody tr")
    expect(rows).to_have_count(2)
    page.locator("#filter input:checked").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(rows).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Rule")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_text("Resume")


def test_a_browser_with_the_token_is_let_in_stream_and_all(browser: Browser) -> None:
    site = Site(token="s3cret")
    try:
        site.do(counts(12))
        credentials = {"username": "me", "password": "s3cret"}
        context = browser.new_context(http_credentials=credentials)  # type: ignore[arg-type]
        opened = Visit(context, site.url)
        expect(opened.page.locator("#authorized")).to_have_text("12")
        context.close()
    finally:
        site.close()
