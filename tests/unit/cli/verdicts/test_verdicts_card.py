"""How `verdicts find` is given a card, and that no error repeats one."""

import getpass
import io
import os
import pty
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest

from cli.support.errors import CommandError
from cli.verdicts.card_input import doubt, read_card
from cli.verdicts.query import ReasonParameter, TokenParameter
from records.token import token

ROOT = Path(__file__).parents[4]
CARD = "4111111111111111"
TOKEN = token(CARD, b"key")


@pytest.mark.parametrize(
    "text",
    [CARD, f"{CARD}\n", "4111 1111 1111 1111\r\n", f"\ufeff{CARD}\n", " 4111-1111-1111-1111"],
)
def test_a_card_is_read_from_standard_input(text: str) -> None:
    assert token(read_card(io.StringIO(text), None), b"key") == TOKEN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no card number"),
        (" \n", "no card number"),
        (f"{CARD}\n5500005555555559\n", "more than one"),
        ("4" * 70_000, "more than one"),
    ],
)
def test_what_is_no_single_card_is_an_error_that_does_not_repeat_it(text: str, words: str) -> None:
    with pytest.raises(CommandError, match=words) as error:
        read_card(io.StringIO(text), None)
    assert "4111" not in str(error.value)


def test_no_standard_input_and_no_text_are_errors() -> None:
    with pytest.raises(CommandError, match="no card number"):
        read_card(None, None)
    with pytest.raises(CommandError, match="not UTF-8"):
        read_card(io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8"), None)


def test_on_a_terminal_the_number_is_typed_without_echo() -> None:
    code = "import sys; from cli.verdicts.card_input import read_card\n"
    code += "print('digits:', len(read_card(sys.stdin, sys.stderr)))"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    try:
        # Echo is off before the prompt.
        while b"Card number" not in seen:
            seen += os.read(ours, 1_000)
        os.write(ours, f"{CARD}\n".encode())
        while b"digits: 16" not in seen:
            seen += os.read(ours, 1_000)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert CARD.encode() not in seen


def test_on_a_terminal_that_would_show_the_number_it_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fallback(prompt: str, stream: object) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return CARD

    monkeypatch.setattr(getpass, "getpass", fallback)
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "r") as terminal, pytest.raises(CommandError, match="would show"):
            read_card(terminal, io.StringIO())
    finally:
        os.close(ours)


def test_what_cannot_be_a_card_is_doubted_without_repeating_it() -> None:
    assert doubt(CARD) is None
    assert "no card number" in str(doubt("41111"))
    assert "check digit" in str(doubt("4111111111111112"))


@pytest.mark.parametrize("kind", [TokenParameter(), ReasonParameter()])
def test_a_card_number_in_an_option_is_an_error_that_does_not_repeat_it(
    kind: click.ParamType,
) -> None:
    with pytest.raises(click.BadParameter) as error:
        kind.convert(CARD, None, None)
    assert "4111" not in error.value.format_message()


def test_a_token_may_be_written_in_capitals() -> None:
    assert TokenParameter().convert(TOKEN.upper(), None, None) == TOKEN
    assert ReasonParameter().convert("veritas_declined", None, None) == "veritas_declined"
