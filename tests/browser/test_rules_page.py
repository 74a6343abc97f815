"""The rules on the page, the filter by rule, and why an account was judged so."""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from rules.versions.active import builtin
from tests.browser.conftest import Open, Site
from tests.browser.demo import published
from tests.browser.test_dashboard import AXE, MARKUP, show, verdict
from tests.functional.web.web_fakes import Stage
from web.lookups import Answer
from web.rules import hits

ID = "bankaccount-0-2"
EXPLAINED: dict[str, Any] = {
    "id": ID,
    "status": "judged",
    "remark": None,
    "verdict": {
        "outcome": "review",
        "reasons": ["amount_large"],
        "score": 0,
        "allowed_by": "",
        "shadow": ["amount_large_stricter"],
        "veritas": None,
        "account": "9f" * 16,
        "card": "************5002",
        "amount": 12000.0,
        "verified_at": 1795410452087,
    },
    "dead_letter": None,
    "rules": {"version": "24927a1c23d5", "known": True, "since": 1, "author": "ann", "note": "new"},
    "fired": [
        {
            "rule": "amount_large",
            "when": 'amount > 10000 and last_name != ""',
            "then": "review",
            "points": 0,
            "shadow": False,
            "note": "above our limit",
            "failed": False,
            "values": {"last_name": "(hidden)", "amount": 12000.0},
        },
        {
            "rule": "amount_large_stricter",
            "when": "amount > 5000",
            "then": "review",
            "points": 0,
            "shadow": True,
            "note": "",
            "failed": False,
            "values": {"amount": 12000.0},
        },
    ],
    "again": {
        "same": True,
        "outcome": "review",
        "reasons": ["amount_large"],
        "score": 0,
        "allowed_by": "",
        "shadow": ["amount_large_stricter"],
    },
}


def trial(stage: Stage) -> None:
    """A published set with hits of its rules, some of them before the page was opened."""
    stage.rules = published("shadow-trial", "Ada", "try 5,000", time.time() - 7_200)
    stage.feed.set(0, authorized=9, hits={"amount_large": 3, "gone": 2}, shadow_hits={})
    stage.state.rule_hits.add(hits(stage.state))
    stage.feed.set(1, review=9, hits={"amount_large": 1_200}, shadow_hits={"amex_at_night": 7})


def answering(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.explain = lambda record_id: (status, document)

    return act


def review(number: int, **others: Any) -> dict[str, Any]:
    return {**verdict(number, "amount_large"), "outcome": "review", **others}


def test_the_active_rules_are_on_the_page_with_their_hits(site: Site, visit: Open) -> None:
    site.do(trial)
    page = visit().page
    rows = page.locator("#rules tbody tr")
    expect(rows).to_have_count(8)
    expect(rows.nth(0)).to_have_text("amount_largereview1,2001,203")
    expect(rows.nth(2)).to_have_text("amex_at_nightshadow: unauthorized77")
    expect(rows.nth(2)).to_have_class("shadow")
    expect(rows.last).to_have_text("goneno longer in the set02")
    note = page.locator("#rules-note")
    expect(note).to_contain_text(f"version {site.stage.rules.version}, active since")
    expect(note).to_contain_text("by Ada · try 5,000 · recent hits since")


def test_a_new_version_takes_the_place_of_the_old_one(site: Site, visit: Open) -> None:
    page = visit().page
    note = page.locator("#rules-note")
    expect(note).to_contain_text(f"version {builtin().version}, built-in")
    expect(page.locator("#rules tbody tr")).to_have_count(4)
    site.do(trial)
    expect(note).to_contain_text("by Ada")
    expect(page.locator("#rules tbody tr").first).to_contain_text("amount_large")


def test_points_and_allow_rules_say_what_they_do(site: Site, visit: Open) -> None:
    def publish(stage: Stage) -> None:
        stage.rules = published("points", "", "", time.time())
        stage.feed.changed()

    site.do(publish)
    page = visit().page
    expect(page.get_by_role("row", name="amount_high")).to_contain_text("+40 points")
    expect(page.get_by_role("row", name="house_card")).to_contain_text("\u221240 points")

    def allow(stage: Stage) -> None:
        stage.rules = published("allow-list", "", "", time.time())
        stage.feed.changed()

    site.do(allow)
    expect(page.get_by_role("row", name="vip")).to_contain_text("authorized, whatever else fires")


def test_the_verdicts_can_be_filtered_by_rule(site: Site, visit: Open) -> None:
    site.do(trial)
    allowed = {**verdict(4), "allowed_by": "amount_not_positive"}
    watched = {**verdict(5), "shadow": ["amex_at_night"]}
    site.do(show(review(1), verdict(2, "veritas_declined"), verdict(3), allowed, watched))
    page = visit().page
    rows = page.locator("#recent tbody tr")
    expect(rows).to_have_count(5)
    choice = page.get_by_label("Rule", exact=True)
    for rule, number in (
        ("amount_large", 1),
        ("veritas_declined", 2),
        ("amount_not_positive", 4),
        ("amex_at_night", 5),
    ):
        choice.select_option(rule)
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text(f"…{5000 + number}")
    expect(page.locator("#recent-note")).to_have_text("1 of the last 5")
    page.get_by_role("radio", name="unauthorized").check()
    expect(page.locator("#recent-none")).to_be_visible()
    choice.select_option("veritas_declined")
    expect(rows).to_have_count(1)


def test_the_filter_keeps_a_rule_that_goes(site: Site, visit: Open) -> None:
    site.do(trial)
    site.do(show(review(1), verdict(2)))
    page = visit().page
    choice = page.get_by_label("Rule", exact=True)
    choice.select_option("amount_large")

    def back(stage: Stage) -> None:
        stage.rules = builtin()
        stage.feed.changed()

    site.do(back)
    expect(page.locator("#rules-note")).to_contain_text("built-in")
    expect(choice).to_have_value("amount_large")
    expect(page.locator("#recent tbody tr")).to_have_count(1)


def open_why(page: Page) -> None:
    page.get_by_role("button", name="why? review, card …5002").click()


def test_a_click_on_a_verdict_says_why(site: Site, visit: Open) -> None:
    site.do(show(review(2), verdict(1)))
    site.do(answering(EXPLAINED))
    opened = visit()
    page = opened.page
    open_why(page)
    dialog = page.get_by_role("dialog", name="Why this outcome?")
    for text in (
        ID,
        "not asked",
        "12,000.00",
        "24927a1c23d5, by ann, new",
        "above our limit",
        'last_name = "(hidden)"   amount = 12000',
        "amount_large_stricter shadow: review",
    ):
        expect(dialog).to_contain_text(text)
    expect(dialog.locator("code").first).to_have_text('amount > 10000 and last_name != ""')
    assert opened.requested[-1] == f"{site.url}verdicts/{ID}"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("cell", name="…5002", exact=True).click()
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert opened.complaints == []


def test_why_works_by_keyboard_and_gives_the_focus_back(site: Site, visit: Open) -> None:
    site.do(show(review(2)))
    site.do(answering(EXPLAINED))
    page = visit().page
    button = page.get_by_role("button", name="why? review, card …5002")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Rules that fired")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_the_verdict_that_was_pressed_is_explained_though_others_come(
    site: Site, visit: Open
) -> None:
    asked: list[str] = []

    def note(stage: Stage) -> None:
        def answer(record_id: str) -> Answer:
            asked.append(record_id)
            return HTTPStatus.OK, EXPLAINED

        stage.explain = answer

    site.do(note)
    site.do(show(review(2)))
    page = visit().page
    cell = page.get_by_role("cell", name="…5002", exact=True)
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    site.do(show(review(3), review(2)))
    expect(page.locator("#recent tbody tr").first).to_contain_text("…5003")
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_contain_text("Rules that fired")
    assert asked == [ID]


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (
            {**EXPLAINED, "verdict": None, "fired": [], "again": None, "remark": "it is deleted"},
            HTTPStatus.NOT_FOUND,
            "it is deleted",
        ),
        ({"error": "Kafka does not answer"}, HTTPStatus.SERVICE_UNAVAILABLE, "Kafka does not ans"),
        (
            {**EXPLAINED, "fired": [], "again": None, "remark": "its version is not known"},
            HTTPStatus.OK,
            "its version is not known.",
        ),
        (
            {
                **EXPLAINED,
                "fired": [],
                "again": {**EXPLAINED["again"], "same": False, "outcome": "authorized"},
            },
            HTTPStatus.OK,
            "Judged again by the same rules it would be authorized (amount_large).",
        ),
    ],
)
def test_what_cannot_be_explained_is_said(
    site: Site, visit: Open, answer: Any, status: HTTPStatus, text: str
) -> None:
    site.do(show(review(2)))
    site.do(answering(answer, status))
    page = visit().page
    open_why(page)
    expect(page.get_by_role("dialog")).to_contain_text(text)


def test_a_worker_that_is_gone_is_said(site: Site, visit: Open) -> None:
    site.do(show(review(2)))
    page = visit().page
    expect(page.locator("#recent tbody tr")).to_have_count(1)
    site.down()
    open_why(page)
    expect(page.get_by_role("dialog")).to_contain_text("The worker does not answer; try again.")
    site.up()


def test_an_answer_that_comes_late_does_not_take_the_place_of_another(
    site: Site, visit: Open
) -> None:
    slow = threading.Event()

    def answer(record_id: str) -> Answer:
        if record_id == ID:
            slow.wait(20)
        return HTTPStatus.OK, {**EXPLAINED, "id": record_id, "remark": f"this is {record_id}"}

    site.do(lambda stage: setattr(stage, "explain", answer))
    site.do(show(review(2), review(3)))
    page = visit().page
    open_why(page)
    expect(page.get_by_role("dialog")).to_contain_text("Looking it up")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="why? review, card …5003").click()
    slow.set()
    expect(page.locator("#why-body")).to_contain_text("this is bankaccount-0-3")
    expect(page.locator("#why-id")).to_have_text("bankaccount-0-3")


def test_nothing_in_rules_or_explanations_becomes_markup(site: Site, visit: Open) -> None:
    fired = {**EXPLAINED["fired"][0], "rule": MARKUP, "when": MARKUP, "note": MARKUP}
    fired["values"] = {MARKUP: MARKUP}
    hostile = {
        **EXPLAINED,
        "remark": MARKUP,
        "fired": [fired],
        "verdict": {**EXPLAINED["verdict"], "reasons": [MARKUP], "card": MARKUP},
        "rules": {**EXPLAINED["rules"], "author": MARKUP, "note": MARKUP, "version": MARKUP},
    }

    def publish(stage: Stage) -> None:
        stage.rules = published("points", MARKUP, MARKUP, time.time())
        stage.feed.set(0, hits={MARKUP: 3}, shadow_hits={MARKUP: 4})

    site.do(publish)
    site.do(answering(hostile))
    site.do(show(review(2, allowed_by=MARKUP, shadow=[MARKUP])))
    opened = visit()
    page = opened.page
    expect(page.locator("#rules-note")).to_contain_text("<script>")
    open_why(page)
    expect(page.get_by_role("dialog")).to_contain_text("<script>")
    assert page.title() == "Bank account verdicts"
    assert page.locator("img").count() == 0
    assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_explanation_is_accessible(site: Site, visit: Open, scheme: str, width: int) -> None:
    site.do(trial)
    site.do(show(review(2), verdict(1)))
    site.do(answering(EXPLAINED))
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = visit(bypass_csp=True, **options).page
    expect(page.locator("#rules tbody tr")).to_have_count(8)
    open_why(page)
    expect(page.get_by_role("dialog")).to_contain_text("Rules that fired")
    page.add_script_tag(content=AXE)
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    wide = page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
    assert wide, "the dialog has no room"
