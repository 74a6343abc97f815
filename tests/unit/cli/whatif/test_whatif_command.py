"""`what-if` on a file of accounts: what is read, printed and returned; no broker."""

import io
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from cli.rules.file import read_rules
from cli.support.errors import CommandError
from cli.whatif.command import Trial
from cli.whatif.limit import MaxFlips
from cli.whatif.report import document, show
from cli.whatif.result import WhatIf

RULES = '[[rule]]\nname = "big"\nwhen = "amount > 100"\nthen = "review"\n'
NIGHT = '[[rule]]\nname = "night"\nwhen = "hour < 6"\nthen = "review"\n'
CARD = "4111111111111111"


def line(amount: float = 1.0, **extras: Any) -> bytes:
    account = {
        "FirstName": "Ann",
        "LastName": "Doe",
        "CreditCardNumber": CARD,
        "Amount": amount,
    }
    return orjson.dumps(account | extras) + b"\n"


def tried(
    folder: Path, *lines: bytes, rules: str = RULES, max_flips: MaxFlips | None = None
) -> WhatIf:
    file, accounts = folder / "rules.toml", folder / "accounts.jsonl"
    file.write_text(rules)
    accounts.write_bytes(b"".join(lines))
    return Trial(file, read_rules(file), max_flips).on_file(accounts, b"key")


def printed(result: WhatIf) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_expected_outcomes_are_compared(tmp_path: Path) -> None:
    result = tried(
        tmp_path,
        line(1, outcome="authorized", veritas=True),
        line(200, outcome="review", reasons=["big"]),
        line(200, outcome="authorized"),
        max_flips=MaxFlips("0", 0, False),
    )
    assert (result.tally.compared, result.tally.flips, result.is_exceeded) == (3, 1, True)
    (example,) = result.tally.examples
    assert (example.id, example.card) == ("accounts.jsonl:3", "************1111")
    text = printed(result)
    assert "1 outcome flips: more than 0." in text
    assert CARD not in text


def test_an_account_needs_no_more_than_the_topic_has(tmp_path: Path) -> None:
    result = tried(tmp_path, line(1), line(200), b"\n")
    assert (result.tally.compared, result.tally.unknown) == (0, 0)
    assert result.tally.matrix["new", "unknown"].count == 1
    assert result.tally.matrix["new", "review"].count == 1


def test_veritas_answer_is_used(tmp_path: Path) -> None:
    result = tried(tmp_path, line(1, veritas=False, outcome="authorized"))
    assert result.tally.matrix["authorized", "unauthorized"].count == 1
    assert result.tally.by_rule["veritas_declined"].now.count == 1


def test_the_timestamp_is_in_ms(tmp_path: Path) -> None:
    five, six = 5 * 3_600_000, 6 * 3_600_000
    result = tried(tmp_path, line(timestamp=five), line(timestamp=six, veritas=True), rules=NIGHT)
    assert result.tally.hits == {"night": 1}


def test_a_rule_that_looks_at_the_time_needs_one(tmp_path: Path) -> None:
    with pytest.raises(
        CommandError, match=r'accounts\.jsonl:2: "timestamp" is missing: rule night looks at'
    ):
        tried(tmp_path, line(timestamp=0), line(), rules=NIGHT)


def test_lines_that_are_no_accounts_are_counted(tmp_path: Path) -> None:
    result = tried(tmp_path, b"{}\n", b"no JSON\n", line(4111111111111111.0), line(1, veritas=True))
    assert result.not_accounts == 3
    text = printed(result)
    assert "3 lines are no account, and would be a dead letter:" in text
    assert "  line 1: field_missing: FirstName is missing" in text
    assert "  line 2: not_json: " in text
    assert "0 outcomes flip; failed, as 3 lines are no account." in text
    found = json.loads(orjson.dumps(document(result)))
    assert [one["line"] for one in found["not_accounts"]] == [1, 2, 3]
    assert found["left_out"]["not_accounts"] == 3
    assert "4111111111111111" not in text + str(found)


def test_a_line_that_is_no_account_fails_whatever_the_limit(tmp_path: Path) -> None:
    one = line(1, outcome="authorized", veritas=True)
    none = MaxFlips("0", 0, False)
    assert not tried(tmp_path, one, max_flips=none).is_failure
    result = tried(tmp_path, one, b"{}\n", max_flips=none)
    assert (result.is_exceeded, result.is_failure) == (False, True)
    assert tried(tmp_path, one, b"{}\n").is_failure


def test_a_byte_order_mark_is_the_files_and_not_the_first_accounts(tmp_path: Path) -> None:
    result = tried(tmp_path, b"\xef\xbb\xbf" + line(200, outcome="review"), line(200))
    assert (result.not_accounts, result.tally.compared) == (0, 1)
    assert tried(tmp_path, line(), b"\xef\xbb\xbf" + line()).not_accounts == 1, "within it is none"


@pytest.mark.parametrize(
    ("extras", "text"),
    [
        ({"veritas": "yes"}, '"veritas" is true, false or null'),
        ({"timestamp": 1.5}, '"timestamp" is ms since the epoch'),
        ({"timestamp": -1}, '"timestamp" is ms since the epoch'),
        ({"outcom": "review"}, 'unknown field "outcom": did you mean `outcome`'),
        ({"expected": "review"}, 'unknown field "expected"; known are FirstName, LastName,'),
        ({CARD: "x"}, r'unknown field "\*{12}1111"; known'),
        ({"timestamp": True}, '"timestamp" is ms since the epoch'),
        ({"outcome": "perhaps"}, '"outcome" is one of authorized, review, unauthorized'),
        ({"outcome": "new"}, '"outcome" is one of authorized, review, unauthorized'),
        ({"outcome": None}, '"outcome" is one of'),
        ({"reasons": [1]}, '"reasons" is a list of strings'),
        ({"FirstName": "x" * 80_000}, "longer than"),
    ],
)
def test_a_wrong_line_is_an_error_with_its_number(
    tmp_path: Path, extras: dict[str, Any], text: str
) -> None:
    with pytest.raises(CommandError, match=rf"^accounts\.jsonl:2: {text}"):
        tried(tmp_path, line(), line(**extras))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        Trial(file, read_rules(file)).on_file(tmp_path / "gone", b"key")


def test_nothing_to_compare_is_reported_by_the_limit(tmp_path: Path) -> None:
    for limit in (MaxFlips("1%", 1, True), MaxFlips("0", 0, False)):
        result = tried(tmp_path, line(), max_flips=limit)
        assert result.is_failure
        text = printed(result)
        assert "0 outcomes flip; failed, as nothing was compared." in text
        assert "more than" not in text
    assert not tried(tmp_path, line()).is_exceeded


def test_unknown_outcomes_count_for_the_limit(tmp_path: Path) -> None:
    one = line(1, outcome="unauthorized", reasons=["card_checksum"])
    result = tried(tmp_path, one, max_flips=MaxFlips("0", 0, False))
    assert result.is_exceeded
    assert "Veritas would be asked about 1 account for the first time" in printed(result)


def test_the_document_has_all_of_it_and_is_json(tmp_path: Path) -> None:
    result = tried(tmp_path, line(200, outcome="authorized", veritas=True), line(1, veritas=True))
    found = json.loads(orjson.dumps(document(result)))
    assert found["version"] == read_rules(tmp_path / "rules.toml").rule_set.version
    assert (found["compared"], found["flips"], found["unknown"]) == (1, 1, 0)
    assert found["matrix"]["authorized"]["review"] == {"count": 1, "amount": 200.0}
    assert found["flips_by_rule"]["big"]["now"] == {"count": 1, "amount": 200.0}
    assert found["hits"] == {"big": 1}
    assert found["examples"][0]["reasons_after"] == ["big"]
    assert found["left_out"]["not_accounts"] == 0
    assert (found["exceeded"], found["max_flips"]) == (False, None)


def test_sums_of_huge_amounts_are_no_error(tmp_path: Path) -> None:
    huge = line(1.7e308, outcome="authorized")
    result = tried(tmp_path, huge, huge)
    assert result.tally.matrix["authorized", "review"].amount == float("inf")
    assert "inf" in printed(result)
    cell = json.loads(orjson.dumps(document(result)))["matrix"]["authorized"]["review"]
    assert cell == {"count": 2, "amount": None}


def test_markup_and_escapes_in_file_names_and_reasons_are_plain(tmp_path: Path) -> None:
    folder = tmp_path / "[red]"
    folder.mkdir()
    reasons = ["[bold]x[/bold]", "\x1b[31m"]
    text = printed(tried(folder, line(1, outcome="unauthorized", reasons=reasons, veritas=True)))
    assert "[red]" in text
    assert "[bold]x[/bold]" in text
    assert "\x1b" not in text
