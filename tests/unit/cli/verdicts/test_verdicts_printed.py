"""What `verdicts find` prints of a verdict, whoever wrote it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from rich.console import Console

from cli.support.progress import shown_progress
from cli.verdicts.printed import HEADER, document, line
from cli.verdicts.writer import Writer
from tests.verdicts import DECLINED, read, written

CARD = "4111111111111111"
TOKEN = "9f0c" * 8
RULES = "0f1e2d3c4b5a"


def verdict(offset: int = 7, **changes: Any) -> bytes:
    return written("in", 2, offset, **{"account": TOKEN, "rules": RULES, **changes})


def declined(offset: int = 8, **changes: Any) -> bytes:
    return verdict(offset, **DECLINED | changes)


def test_a_document_has_the_fields_of_the_verdict() -> None:
    value = declined(score=30.0, shadow=("quiet",), veritas=False, amount=12.5)
    assert document(read(value), "in") == json.loads(value)
    allowed = verdict(allowed_by="known_good")
    assert document(read(allowed), "in") == json.loads(allowed)


def test_no_card_number_and_no_escape_is_printed_whoever_wrote_it() -> None:
    fields = json.loads(declined(offset=int(CARD)))
    fields |= {
        "card": CARD,
        "account": f"{CARD} ",
        "amount": float(CARD),
        "score": float(CARD),
        "reasons": [CARD, "\x1b[31m"],
        "key": CARD,
        "rules": f"x{CARD}",
        "allowed_by": CARD,
        "shadow": [CARD],
        "verified_at": 30_569_309_025_904,
    }
    value = read(orjson.dumps(fields))
    for accounts_topic in ("in", "other"):
        found = document(value, accounts_topic)
        for text in (orjson.dumps(found).decode(), line(found)):
            assert CARD not in text
            assert "30569309025904" not in text
            assert "\x1b" not in text
    topic = read(written(f"t{CARD}", 1, 2))
    assert CARD not in orjson.dumps(document(topic, "in")).decode()


def test_a_version_of_digits_is_printed_unless_it_is_a_card_number() -> None:
    assert document(read(verdict(rules="123456789012")), "in")["rules"] == "123456789012"
    assert document(read(verdict(rules="411111111111")), "in")["rules"] == "411111111111"
    assert document(read(verdict(rules="501800000009")), "in")["rules"] == "************0009"


def test_a_line_has_its_columns_below_the_header() -> None:
    at = 1_795_410_452_087
    text = line(document(read(declined(amount=1234.5, verified_at=at)), "in"))
    assert text.startswith("2026-11-23 ")
    for title, cell in (("outcome", "unauthorized"), ("card", "************5614")):
        assert text.index(cell) == HEADER.index(title)
    assert text.index("1,234.50") + 8 == HEADER.index("amount") + 6
    assert text.endswith(f"{TOKEN}  in-2-8  card_checksum, veritas_declined")
    allowed = line(document(read(verdict(allowed_by="known_good")), "in"))
    assert allowed.endswith("in-2-7  allowed by known_good")
    assert len(line(document(read(verdict(amount=1.7e308)), "in"))) < 200


def test_lines_have_one_header_and_json_none() -> None:
    entered = []

    @contextmanager
    def paused() -> Iterator[None]:
        entered.append(len(out.getvalue()))
        yield

    out = io.StringIO()
    write = Writer(out, "in", as_json=False, paused=paused)
    write([])
    write([read(verdict())])
    write([read(verdict(8)), read(verdict(9))])
    lines = out.getvalue().splitlines()
    assert (lines[0], len(lines), len(entered)) == (HEADER, 4, 2)
    out = io.StringIO()
    write = Writer(out, "in", as_json=True, paused=paused)
    write([read(verdict(8)), read(verdict(9))])
    assert [json.loads(each)["offset"] for each in out.getvalue().splitlines()] == [8, 9]


def test_a_result_is_written_beside_the_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1_000, 10))
    monkeypatch.setattr("cli.support.progress.time.monotonic", lambda: next(clock))
    out = io.StringIO()
    with shown_progress(Console(file=out, force_terminal=True, width=100), "read") as progress:
        progress(1, 2)
        before = len(out.getvalue())
        with progress.paused():
            paused = out.getvalue()[before:]
            out.write("a result\n")
        progress(2, 2)
    # The line of the bar is erased before the result is written.
    assert paused.endswith("\x1b[1A\x1b[2K")
    assert "2/2" in out.getvalue().partition("a result\n")[2]
