"""Pictures of the page; SCREENSHOTS=docs puts those of the README in their place."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, Visit
from tests.browser.demo import demo

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {"viewport": WIDE, "color_scheme": "light"}),
        ("dark", {"viewport": WIDE, "color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "color_scheme": "light", "device_scale_factor": 2}),
    ],
)
def test_a_picture_of_the_page(
    site: Site, visit: Callable[..., Visit], tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    site.do(demo)
    opened = visit(**options)
    expect(opened.page.locator("#recent tbody tr")).to_have_count(50)
    expect(opened.page.locator("#rates canvas")).to_be_visible()
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    picture = folder / f"dashboard-{name}.png"
    opened.page.screenshot(path=picture, full_page=name != "phone")
    assert picture.stat().st_size > 20_000, "an empty page"
    assert opened.complaints == []
