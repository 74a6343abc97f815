"""How the rules commands name versions, what they print, and whom publish waits for."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from cli.rules.list_versions import document, show
from cli.rules.publishing import PUBLISH_OPTIONS, has_text_of
from cli.rules.show import as_text, write_to
from cli.rules.versions import active, find
from cli.rules.waiting import Laggard, laggards
from cli.support.errors import CommandError
from cli.support.text_option import author_name
from rules.ruleset import load
from rules.versions.active import builtin
from rules.versions.announcement import Announcement
from rules.versions.publication import Entry, Publication

LISTED = (
    '[lists]\nbins = {file = "bins.txt"}\n'
    '[[rule]]\nname = "bin"\nwhen = \'in_list(bin, "bins")\'\nthen = "review"\n'
)


def publication(name: str, published_at: int = 1, **changes: Any) -> Publication:
    source = f'[[rule]]\nname = "{name}"\nwhen = "amount > 1"\nthen = "review"\n'
    made: dict[str, Any] = {
        "version": load(source).version,
        "source": source,
        "published_at": published_at,
        "author": "ann",
        "note": "why",
    }
    return Publication(**{**made, **changes})


def entries(*publications: Publication | None) -> list[Entry]:
    return [Entry(at, b"%d" % at, each) for at, each in enumerate(publications)]


CARD = "4111111111111111"
OLD, NEW = publication("old", 1_795_410_452_087), publication("new", 1_795_410_453_000)
NEWER_PROGRAM = publication("x", 1_795_410_454_000, version="0123456789ab")


def test_the_active_one_is_the_last_that_can_be_used() -> None:
    assert active(entries(OLD, NEW)) == NEW
    assert active(entries(OLD, NEW, None, NEWER_PROGRAM)) == NEW
    assert active(entries()).version == builtin().version
    assert active(entries(None)).version == builtin().version


def test_what_differs_only_in_its_notes_is_not_published_already() -> None:
    noted = replace(NEW, source=f"{NEW.source}note = 'why'\n")
    assert load(noted.source).version == NEW.version
    assert has_text_of(replace(NEW, note="again", author="bo"), NEW)
    assert not has_text_of(noted, NEW)
    assert not has_text_of(replace(NEW, files={"bins.txt": "# none\n"}), NEW)


def test_a_version_is_named_by_its_digits_or_the_first_of_them() -> None:
    again = publication("old", 1_795_410_459_000)
    known = entries(OLD, NEW, again)
    assert find(known, OLD.version) == again
    assert find(known, NEW.version[:4]) == NEW
    assert find(known, "builtin").version == builtin().version
    assert find(known, builtin().version).source == builtin().compiled.rule_set.source
    assert find(known, "builtin").rule_set().version == builtin().version


@pytest.mark.parametrize("wanted", ["", "zzzz", "0000\x1b[31m", NEW.version[:3]])
def test_a_version_that_is_not_there_is_an_error(wanted: str) -> None:
    with pytest.raises(CommandError, match=r"no version .*: `rules list` shows them") as caught:
        find(entries(OLD, NEW), wanted)
    assert str(caught.value).isprintable()


def test_a_beginning_of_two_versions_is_an_error() -> None:
    both = entries(
        publication("x", version="abcd00000000"), publication("x", version="abcd11111111")
    )
    with pytest.raises(CommandError, match="begin with abcd: abcd00000000, abcd11111111"):
        find(both, "abcd")


def listed(known: list[Entry]) -> str:
    console = Console(file=io.StringIO(), width=160)
    show(known, active(known), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines_of(known: list[Entry]) -> list[list[str]]:
    rows = [line.split("│")[1:-1] for line in listed(known).splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows]


def test_the_list_says_who_published_what_when_and_why() -> None:
    texts = {"author": "\x1b[31mred", "note": "card 4111111111111111"}
    bad = publication("bad", 1_795_410_455_000, **texts)
    rows = lines_of(entries(OLD, bad, NEW, NEWER_PROGRAM, None))
    assert rows == [
        [OLD.version, "2026-11-23 05:07:32", "ann", "why", ""],
        [bad.version, "2026-11-23 05:07:35", "?[31mred", "card ************1111", ""],
        [NEW.version, "2026-11-23 05:07:33", "ann", "why", "active"],
        ["0123456789ab", "2026-11-23 05:07:34", "ann", "why", "cannot be used"],
        ["no rule set (offset 4)", "", "", "", "cannot be used"],
    ]


def test_the_list_as_json_has_no_card_number_and_no_control_character() -> None:
    texts = {"author": f"\u202e{CARD}", "note": f"\x1b[31m{CARD}"}
    bad = publication("bad", 1, **texts, files={f"{CARD}.txt": ""})
    assert document(Entry(7, b"x", bad), bad) == {
        "offset": 7,
        "version": bad.version,
        "active": True,
        "published_at": 1,
        "author": "?************1111",
        "note": "?[31m************1111",
        "program": bad.program,
        "files": ["************1111.txt"],
    }
    assert document(Entry(7, b"x", None), bad) == {"offset": 7, "version": None, "active": False}


@pytest.mark.parametrize("text", [CARD, f"for {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}"])
def test_no_card_number_is_published_as_a_note_or_author(text: str) -> None:
    command = click.Command("publish", params=[])
    for declare in PUBLISH_OPTIONS:
        declare(command)
    for name in ("--note", "--author"):
        done = CliRunner().invoke(command, [name, text])
        assert done.exit_code == 2
        assert "it holds what looks like a card number" in done.output
        assert text not in done.output.splitlines()[-1]


def test_the_list_says_when_the_builtin_rules_are_active() -> None:
    version = builtin().version
    assert listed([]) == f"Nothing was published; the built-in rules, {version}, are active.\n"
    last = listed(entries(None)).splitlines()[-1]
    assert last == f"None of them can be used: the built-in rules, {version}, are active."


def test_a_card_number_in_a_record_that_nobody_can_use_is_not_shown() -> None:
    assert as_text(publication("x", source=f"# {CARD}\n")) == "# ************1111\n"


@pytest.mark.parametrize(
    "written",
    [
        r'"4\u003111111111111111"',
        r'"4\U00000031\u0031\u0031 1111.1111_1111"',
        "4111/1111/1111/1111",
    ],
)
def test_nor_is_one_that_is_written_otherwise(written: str) -> None:
    assert as_text(publication("x", source=f"# {written}\n")).strip('#" \n') == "************1111"
    escaped = '# "\\u0041 4111"\n'
    assert as_text(publication("x", source=escaped)) == escaped


def test_a_rule_set_is_shown_as_its_file_with_list_files_as_comments() -> None:
    assert as_text(OLD) == OLD.source
    files = {"bins.txt": "411111 # tests\r\n\x1b[31m\n"}
    assert as_text(publication("x", source=LISTED, files=files)) == (
        f"{LISTED}\n# bins.txt:\n#   411111 # tests\n#   ?[31m\n"
    )


def written(folder: Path, files: dict[str, str]) -> Publication:
    made = publication("x", source=LISTED, files=files)
    write_to(folder, made, Console(file=io.StringIO()))
    return made


def test_a_rule_set_is_written_as_files_that_can_be_published_again(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    written(folder, {"bins.txt": "411111\r\n", "lists/more.txt": "x"})
    assert (folder / "rules.toml").read_bytes() == LISTED.encode()
    assert (folder / "bins.txt").read_bytes() == b"411111\r\n"
    assert (folder / "lists" / "more.txt").read_text() == "x"
    with pytest.raises(CommandError, match=r"rules\.toml cannot be written: File exists"):
        written(folder, {})


@pytest.mark.parametrize("name", ["../bins.txt", "/tmp/bins.txt", "a/../../bins.txt", ""])
def test_no_file_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "new"
    with pytest.raises(CommandError, match=r"the list file .* would not be in"):
        written(folder, {name: "x"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"rules.toml": "x"}, r"'rules\.toml' would be written over the rule set: print both"),
        ({"./rules.toml": "x"}, r"'\./rules\.toml' would be written over the rule set"),
        ({"b.txt": "x", "./b.txt": "y"}, r"'\./b\.txt' would be written over another list file"),
        ({"b.txt/c": "x", "b.txt": "y"}, r"b\.txt would be a file and a folder"),
        ({"rules.toml/c": "x"}, r"rules\.toml would be a file and a folder"),
        ({"b.txt": "x", "old.txt": "y"}, r"old\.txt cannot be written: File exists"),
    ],
)
def test_nothing_is_written_where_not_all_files_can_be(
    tmp_path: Path, files: dict[str, str], text: str
) -> None:
    """Else the rule set itself would be missing among what was written."""
    (tmp_path / "old.txt").write_text("old")
    with pytest.raises(CommandError, match=text):
        written(tmp_path, files)
    assert [each.name for each in tmp_path.iterdir()] == ["old.txt"]


def test_a_list_file_with_two_spellings_is_written_once(tmp_path: Path) -> None:
    written(tmp_path, {"b.txt": "x", "./b.txt": "x", "rules.toml": LISTED})
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "b.txt": "x",
        "rules.toml": LISTED,
    }


def said(worker: str, offset: int | None, **changes: Any) -> Announcement:
    return Announcement(worker, NEW.version, offset, 1, **changes)


def test_workers_that_do_not_judge_by_it_are_reported_with_the_reason() -> None:
    known = {
        each.worker: each
        for each in (
            said("behind:1", 6),
            said("first:1", None),
            said("done:1", 7),
            said("later:1", 8, refused="rules x", why="of a later one"),
            replace(said("superseded:1", 8), version="0123456789ab"),
            said("gone:1", 3),
            said("refuses:1", 7, refused="rules x", why="4111111111111111 is\nunknown"),
        )
    }
    present = set(known) - {"gone:1"} | {"silent:1"}
    assert laggards(present, known, NEW.version, 7) == [
        Laggard("behind:1", f"still judges by {NEW.version}"),
        Laggard("first:1", f"still judges by {NEW.version}"),
        Laggard(
            "refuses:1",
            f"cannot use it, judges by {NEW.version}: ************1111 is?unknown",
            is_final=True,
        ),
        Laggard("silent:1", "has not said which rules it judges by"),
        Laggard(
            "superseded:1",
            "judges by 0123456789ab, which was published right after it",
            is_final=True,
        ),
    ]


def test_the_author_is_the_user_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert (author_name(None), author_name("bob"), author_name("")) == ("ann", "bob", "")
