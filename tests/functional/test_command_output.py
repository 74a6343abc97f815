"""Commands whose output cannot be written, or not in every character."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from rich.console import Console

from cli.support.blocking_command import EX_CLOSED_PIPE, exit_code
from cli.support.errors import CommandError
from cli.support.output import console, prepare, write_bytes
from cli.top.command import watch
from cli.top.picture import picture
from config import Settings
from tests.unit.cli.top.test_top import VERDICTS, document, row

ROOT = Path(__file__).parents[2]


def run(*words: str, stdout: int | IO[Any], **env: str) -> subprocess.CompletedProcess[str]:
    """A command that needs no broker: to send no accounts."""
    return subprocess.run(
        [sys.executable, "-m", "faust", "-A", "fraud_app", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_device_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = run("produce", "0", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "error: output cannot be written: No space left on device\n"


@pytest.mark.parametrize("words", [["top", "--help"], ["dead-letters", "--help"]])
def test_help_that_cannot_be_written_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(*words, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "error: output cannot be written: No space left on device\n"


def test_a_closed_pipe_ends_a_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run("produce", "0", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (EX_CLOSED_PIPE, "")


def test_an_error_of_something_else_than_the_output_is_not_hidden() -> None:
    def fail() -> int:
        raise FileNotFoundError(2, "No such file")

    with pytest.raises(FileNotFoundError):
        exit_code(fail)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_is_not_utf_8_shows_top_in_plain_characters(encoding: str) -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding=encoding)
    prepare(terminal)
    rows = {0: row(reasons={"veritas_declined": 9, "größe_\u65e5": 3})}
    made = Console(file=terminal, width=80, force_terminal=True)
    made.print(picture(document(rows, verdicts=VERDICTS), 40))
    terminal.flush()
    text = raw.getvalue().decode(encoding)
    assert "veritas_declined" in text
    assert "last verdicts" in text
    bars = next(line for line in text.splitlines() if "up to" in line)
    assert "-#" in bars


def test_json_is_utf_8_whatever_the_terminal_is() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    write_bytes(terminal, '{"detail":"José"}\n'.encode())
    terminal.flush()
    assert raw.getvalue().decode() == '{"detail":"José"}\n'


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_redraw_is_one_line(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    with pytest.raises(CommandError, match=f"TERM={term} cannot redraw: --once"):
        watch(Settings(), Console(file=io.StringIO(), force_terminal=True), "http://127.0.0.1:1")


def test_output_that_is_no_terminal_is_wide() -> None:
    assert console(io.StringIO()).width > 200
