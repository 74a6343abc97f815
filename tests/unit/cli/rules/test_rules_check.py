"""`rules check`: what it prints, and its exit codes."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cli.rules.check import check
from cli.support.errors import CommandError
from rules.ruleset import MOST_BYTES

RULE = '[[rule]]\nname = "big"\nwhen = "amount > 1000"\nthen = "review"\n'


def checked(file: Path) -> tuple[int, list[str]]:
    console = Console(file=io.StringIO(), width=240)
    code = check(file, console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue().splitlines()


def written(folder: Path, content: bytes | str) -> Path:
    file = folder / "rules.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_good_file_is_named_with_its_version(tmp_path: Path) -> None:
    file = written(tmp_path, RULE)
    code, (line,) = checked(file)
    assert code == 0
    assert line.startswith(f"{file}: 1 rule, version ")


def test_each_fault_is_a_line_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, RULE.replace("amount", "ammount") + RULE.replace('"review"', '"look"'))
    code, lines = checked(file)
    assert code == 1
    assert lines == [
        f"{file}:3:9: rule big: unknown field `ammount`: did you mean `amount`?",
        f"{file}:6:1: rule big: another rule has this name",
        f"{file}:8:1: rule big: then is one of authorized, review, unauthorized",
    ]


def test_list_files_are_beside_the_rules(tmp_path: Path) -> None:
    (tmp_path / "bins.txt").write_text("411111\n")
    assert checked(written(tmp_path, '[lists]\nbins = {file = "bins.txt"}\n' + RULE))[0] == 0
    code, (line,) = checked(written(tmp_path, '[lists]\nbins = {file = "gone.txt"}\n'))
    assert code == 1
    assert line.endswith("2:1: [lists]: gone.txt cannot be read: No such file or directory")


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    code, (line,) = checked(written(tmp_path, "é".encode() * MOST_BYTES))
    assert code == 1
    assert line.endswith(":1:1: more than 900,000 bytes")


def test_terminal_escapes_of_the_file_are_not_printed(tmp_path: Path) -> None:
    _, lines = checked(written(tmp_path, '"\\u001b[31m" = 1\n'))
    assert "\x1b" not in "".join(lines)


def test_terminal_escapes_of_the_file_s_name_are_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "a\n\x1b[31m.toml"
    with pytest.raises(CommandError) as caught:
        checked(file)
    assert str(caught.value).isprintable()
    file.write_text(RULE)
    code, (line,) = checked(file)
    assert (code, line.isprintable()) == (0, True)
    file.write_text(f"{RULE}x = 1\n")
    code, (line,) = checked(file)
    assert (code, line.isprintable()) == (1, True)


@pytest.mark.parametrize("content", [b"\xff", None])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    file = written(tmp_path, content) if content else tmp_path / "gone.toml"
    with pytest.raises(CommandError, match=r"(is not UTF-8|cannot be read)"):
        checked(file)
