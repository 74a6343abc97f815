"""What the README and the pages in docs/ say of settings, verbs and files is so."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
AT_THE_ROOT = [ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")]
PAGES = [*AT_THE_ROOT, *sorted((ROOT / "docs").rglob("*.md"))]

VERBS = [
    *("run", "test", "help", "install", "lint", "typecheck"),
    *("bench", "chaos", "soak", "kafka", "up", "down"),
]
_ROW = re.compile(r"^\| `(FRAUD_\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)>\s]+)>?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def as_the_table_has_it(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, SecretStr):
        return "a development key"
    return f"`{int(default) if isinstance(default, bool) else default}`"


def documented() -> dict[str, str]:
    """Setting -> its default, of each row of the table of settings."""
    return {name: default for name, default, _ in _ROW.findall(README)}


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_in_the_table_with_its_default(field: str) -> None:
    default = Settings.model_fields[field].default
    assert documented().get(Settings.env_name(field)) == as_the_table_has_it(default)


def test_the_table_has_no_setting_that_the_code_does_not_have() -> None:
    assert set(documented()) == {Settings.env_name(field) for field in Settings.model_fields}


@pytest.mark.parametrize("page", AT_THE_ROOT, ids=lambda page: str(page.name))
def test_every_setting_that_the_text_names_exists(page: Path) -> None:
    named = set(re.findall(r"\bFRAUD_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8")))
    known = {Settings.env_name(field) for field in Settings.model_fields}
    assert named - known <= {"FRAUD_TEST_BROKER"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme_and_in_the_makefile(verb: str) -> None:
    assert re.search(rf"\bmake {verb}\b", README)
    assert re.search(rf"^{verb}:.*## ", MAKEFILE, re.MULTILINE)


def test_every_verb_that_the_readme_names_is_in_the_makefile() -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))


def test_the_commands_of_the_readme_are_those_that_there_are() -> None:
    source = (ROOT / "cli" / "attach.py").read_text(encoding="utf-8")
    names = re.findall(r"def (\w+)\(\s*self: BlockingCommand", source)
    table = re.findall(r"^\| `faust -A fraud_app ([\w-]+)", README, re.MULTILINE)
    assert set(table) == {name.replace("_", "-") for name in names}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
