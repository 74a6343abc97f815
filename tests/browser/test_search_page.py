"""The search field on the page: an id, a token, and what must not be sent."""

import json
import threading
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site, Visit
from tests.browser.test_dashboard import AXE, verdict
from tests.browser.test_rules_page import EXPLAINED, ID, answering
from tests.functional.web.web_fakes import Stage
from web.lookups import Answer

TOKEN = "9f" * 16
CARDS = [
    "4111111111111111",
    " 4111 1111 1111 1111 ",
    "visa-4111-1111-1111-1111",
    "card:4111.1111.1111.1112",
    "\uff14" + "\uff11" * 15,
    "bankaccount-3-411111111111",
]


def finding(*verdicts: dict[str, Any], **more: Any) -> Any:
    def act(stage: Stage) -> None:
        document = {"token": TOKEN, "verdicts": verdicts, "found": len(verdicts), "read": 9_000}
        stage.search = lambda token: (HTTPStatus.OK, document | {"complete": True} | more)

    return act


def asked(opened: Visit) -> list[str]:
    """What was asked of the worker besides the page and its events."""
    return [url for url in opened.requested if "/verdicts/" in url and "/stream" not in url]


def search(page: Page, text: str) -> None:
    page.get_by_label("Token or id").fill(text)
    page.get_by_role("button", name="Find").click()


def test_a_token_shows_its_newest_verdicts_and_a_click_says_why(site: Site, visit: Open) -> None:
    site.do(finding(verdict(5), verdict(4)))
    site.do(answering(EXPLAINED))
    opened = visit()
    page = opened.page
    search(page, TOKEN.upper())
    expect(page.locator("#search-note")).to_have_text("2 verdicts of this token.")
    expect(page.locator("#found tbody tr")).to_have_count(2)
    assert [url for url in opened.requested if "token=" in url] == [
        f"{site.url}verdicts/?token={TOKEN}"
    ]
    page.locator("#found tbody tr").first.get_by_role("button").click()
    expect(page.locator("#why-body")).to_contain_text("amount_large")
    assert opened.complaints == []


def test_an_id_is_explained(site: Site, visit: Open) -> None:
    site.do(answering(EXPLAINED))
    opened = visit()
    search(opened.page, f" {ID} ")
    expect(opened.page.locator("#why-id")).to_have_text(ID)
    expect(opened.page.locator("#why-body")).to_contain_text("amount_large")
    assert opened.complaints == []


@pytest.mark.parametrize("card", CARDS)
def test_what_may_be_a_card_number_is_not_sent_and_not_kept(
    site: Site, visit: Open, card: str
) -> None:
    opened = visit()
    search(opened.page, card)
    expect(opened.page.locator("#search-note")).to_contain_text("it was not sent")
    expect(opened.page.get_by_label("Token or id")).to_have_value("")
    assert asked(opened) == []
    assert opened.complaints == []


def test_what_is_neither_is_said_and_not_sent(site: Site, visit: Open) -> None:
    opened = visit()
    search(opened.page, "Jimmie Swaniawski")
    expect(opened.page.locator("#search-note")).to_contain_text("Neither a token")
    assert asked(opened) == []


def test_it_says_what_was_searched_and_that_there_are_more(site: Site, visit: Open) -> None:
    site.do(finding(verdict(5), found=37, read=200_000, complete=False))
    page = visit().page
    search(page, TOKEN)
    expect(page.locator("#search-note")).to_have_text(
        "The newest 1 of 37 verdicts of this token among the last 200,000; "
        "verdicts find searches all."
    )
    site.do(finding())
    search(page, TOKEN)
    expect(page.locator("#search-note")).to_have_text("No verdict of this token.")
    expect(page.locator("#found-table")).to_be_hidden()


def test_a_later_search_takes_the_place_of_an_earlier_one(site: Site, visit: Open) -> None:
    go = threading.Event()

    def slowly(token: str) -> Answer:
        assert go.wait(30)
        return HTTPStatus.OK, {
            "verdicts": [verdict(5)] if token == TOKEN else [],
            "found": 1,
            "read": 1,
            "complete": True,
        }

    def act(stage: Stage) -> None:
        stage.search = slowly

    site.do(act)
    page = visit().page
    search(page, TOKEN)
    expect(page.locator("#search-note")).to_have_text("Searching …")
    search(page, "nothing")
    go.set()
    expect(page.locator("#search-note")).to_contain_text("Neither a token")
    search(page, "0" * 32)
    expect(page.locator("#search-note")).to_contain_text("1 verdict of this token")


def test_a_worker_that_does_not_answer_is_said(site: Site, visit: Open) -> None:
    page = visit().page
    site.down()
    search(page, TOKEN)
    expect(page.locator("#search-note")).to_have_text("The worker does not answer; try again.")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_search_is_accessible(site: Site, visit: Open, width: int) -> None:
    site.do(finding(*(verdict(number) for number in range(20))))
    page = visit(viewport={"width": width, "height": 900}, bypass_csp=True).page
    search(page, TOKEN)
    expect(page.locator("#found tbody tr")).to_have_count(20)
    page.add_script_tag(content=AXE)
    found = page.evaluate("axe.run('#search-form, #found-table')")
    assert found["violations"] == [], json.dumps(found["violations"], indent=1)
