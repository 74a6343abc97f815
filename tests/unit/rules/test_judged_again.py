"""What a worker's judge decided is what `explain` and `what-if` come to, whatever the rule set."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.fakes import FakeAccounts
from agents.judging import Judge
from cli.rules.file import read_rules
from cli.whatif.tally import Tally
from lookup.account import Account, Found
from lookup.explain.document import explanation
from records import BankAccount
from records.codec.account import account_of
from records.recorded import read_recorded
from rules.given import given
from rules.judge_again import judge_again
from rules.versions import active
from rules.versions.active import ActiveRules, RuleVersion
from veritas import SimulatedVeritas

ROOT = Path(active.__file__).parents[1]
SETS = [ROOT / "builtin.toml", *sorted((ROOT / "examples").glob("*.toml"))]
NAMES = ["Ann", "", " ", "\u2800", "test", "x" * 300, "O'Neil", "\u0007"]
CARDS = ["", "4111111111111111", "4111 1111-1111 1111", "4111111111111112", "not a card", "0" * 16]
AMOUNTS = [-1, 0, 0.01, 99.99, 1000, 10_000.5, 123_456.0]


def accounts() -> list[bytes]:
    fakes = FakeAccounts(3)
    made = [fakes.make().dumps() for _ in range(60)]
    for number in range(len(NAMES) * len(CARDS) * len(AMOUNTS)):
        fields = {
            "FirstName": NAMES[number % len(NAMES)],
            "LastName": NAMES[number // 3 % len(NAMES)],
            "CreditCardNumber": CARDS[number // len(NAMES) % len(CARDS)],
            "Amount": AMOUNTS[number % len(AMOUNTS)],
        }
        made.append(orjson.dumps(fields))
    return made


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
async def test_every_verdict_is_reproduced(file: Path) -> None:
    compiled = read_rules(file)
    version = RuleVersion(compiled, compiled.rule_set.version)
    judge = Judge(SimulatedVeritas(0.5, 1), ActiveRules(version), b"key")
    records: list[Any] = [
        SimpleNamespace(offset=n, timestamp=n * 1_234_567, key=None, value=value, headers=())
        for n, value in enumerate(accounts())
    ]
    decoded = [account_of(record.value) for record in records]
    judged = await judge("accounts", 0, records, decoded)
    assert len(judged.verdicts) == len(records)
    tally = Tally(compiled)
    for record, account, (_, value) in zip(records, decoded, judged.verdicts, strict=True):
        verdict = read_recorded(value)
        assert verdict is not None
        assert isinstance(account, BankAccount)
        fields = given(account, verdict.account, record.timestamp)
        tally.add(verdict, judge_again(compiled, fields, verdict.veritas))
        sent: Any = SimpleNamespace(
            value=lambda record=record: record.value,
            timestamp=lambda record=record: (1, record.timestamp),
        )
        document = explanation(
            Found(verdict.id, "judged", Account(sent), verdict), version, names=False
        )
        assert document["again"]["same"], document
        fired = {one["rule"] for one in document["fired"]}
        assert fired >= set(verdict.reasons) - {"veritas_declined", "rule_error"}
    assert (tally.flips, tally.unknown, tally.other_reasons) == (0, 0, 0)
    assert tally.compared == len(records)
