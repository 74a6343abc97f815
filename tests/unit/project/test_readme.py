"""README.md and the pages in docs/ agree with the program, and their links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import click
import faust
import faust.cli.base
import pytest
from pydantic import SecretStr

import cli
from agents.fakes import FakeAccounts
from cluster.startup.checks import BROKER_TIMEOUT
from config import Settings

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
ENGINE = ROOT / "packages" / "faust-transactions"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
AT_THE_ROOT = [
    README,
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
]
GUIDES = sorted(DOCS.glob("*.md"))
PAGES = [*AT_THE_ROOT, *sorted(DOCS.rglob("*.md")), ROOT / "tools" / "bench" / "README.md"]

MOST_LINES, MOST_BYTES = 200, 10_000
"""The front page is read in two minutes."""

_SETTING = re.compile(r"^\| `(FRAUD_\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)>\s]+)>?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TARGET = re.compile(r"^([a-z][a-z-]*):.*## ", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> list[tuple[Path, str]]:
    """File and anchor of every link of a page to a file of the project."""
    found = []
    for link in _LINK.findall(text(page)):
        if not re.match(r"[a-z]+:", link):
            file, _, anchor = link.partition("#")
            found.append(((page.parent / file).resolve() if file else page, anchor))
    return found


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(text(page))
    }


def documented_settings() -> dict[str, str]:
    """Default of each setting in the table of docs/settings.md."""
    return {name: default for name, default, _ in _SETTING.findall(text(DOCS / "settings.md"))}


def as_documented(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, SecretStr):
        return "a development key"
    return f"`{int(default) if isinstance(default, bool) else default}`"


def test_the_readme_is_short() -> None:
    assert len(text(README).splitlines()) <= MOST_LINES
    assert README.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        if anchor:
            assert anchor in anchors(target), f"{target.name}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [README]
    while left:
        page = left.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        # A link to a folder shows the pages in it.
        for target, _ in links(page):
            left += sorted(target.glob("*.md")) if target.is_dir() else [target]
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_a_page_opens_with_what_one_can_do_with_it(page: Path) -> None:
    title, blank, opening = text(page).splitlines()[:3]
    assert title.startswith("# ")
    assert blank == ""
    assert re.match(r"[A-Z`]", opening), "a sentence, not a heading, a list or a table"


def test_every_file_that_a_contributor_is_sent_to_exists() -> None:
    files = re.findall(r"`([\w./-]+/(?:\w+\.\w+)?)`", text(ROOT / "CONTRIBUTING.md"))
    assert len(files) > 20
    places = (ROOT, ENGINE, ENGINE / "src" / "faust_transactions")
    assert [file for file in files if not any((place / file).exists() for place in places)] == []


def test_the_page_of_the_engine_names_each_of_its_files() -> None:
    named = set(re.findall(r"`([\w./-]+\.py)`", text(DOCS / "engine.md")))
    source = ENGINE / "src" / "faust_transactions"
    modules = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    assert {each for each in modules if not each.endswith("__init__.py")} - named == set()
    assert {each for each in named - modules if not (ENGINE / each).exists()} == set()


def test_how_long_a_worker_waits_for_a_broker_is_documented() -> None:
    wait = f"{BROKER_TIMEOUT:g} s"
    assert f"waits for a broker at the start: {wait}" in text(ROOT / "CONTRIBUTING.md")
    assert f"waits up to {wait} for a broker" in text(DOCS / "kafka.md")


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(field: str) -> None:
    default = Settings.model_fields[field].default
    assert documented_settings().get(Settings.env_name(field)) == as_documented(default)


def test_every_documented_setting_exists() -> None:
    assert set(documented_settings()) == {
        Settings.env_name(field) for field in Settings.model_fields
    }


@pytest.mark.parametrize("page", [*AT_THE_ROOT, *GUIDES], ids=name)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"\bFRAUD_[A-Z_]+[A-Z]\b", text(page)))
    known = {Settings.env_name(field) for field in Settings.model_fields}
    assert named - known <= {"FRAUD_TEST_BROKER"}


def test_every_make_verb_is_documented() -> None:
    rows = re.findall(r"^\| (`make [^|]+) \|", text(DOCS / "commands.md"), re.MULTILINE)
    documented = {verb for row in rows for verb in re.findall(r"`make ([a-z-]+)`", row)}
    assert documented == set(_TARGET.findall(MAKEFILE))


@pytest.mark.parametrize("page", [*AT_THE_ROOT, *GUIDES], ids=name)
def test_every_make_verb_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text(page), re.MULTILINE))
    assert named <= set(_TARGET.findall(MAKEFILE))


def commands(group: click.Group, prefix: str = "") -> set[str]:
    """The commands of this program that are ours, `group command` for those in a group."""
    ours: set[str] = set()
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            ours |= commands(command, f"{prefix}{name} ")
        elif command.callback is not None and command.callback.__module__.startswith("cli."):
            ours.add(prefix + name)
    return ours


def test_every_command_is_documented() -> None:
    cli.attach(faust.App("documented"), Settings(), FakeAccounts, "0.0.0")
    documented = re.findall(
        r"^\| `faust -A fraud_app ([a-z-]+(?: [a-z-]+)?)", text(DOCS / "commands.md"), re.MULTILINE
    )
    assert set(documented) == commands(faust.cli.base.cli) - {"worker"}
