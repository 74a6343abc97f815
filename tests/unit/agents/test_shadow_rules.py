"""Twenty shadow rules change nothing about a verdict but its `shadow`, whatever the rule set."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.judgement import Judgement
from agents.judging import Judge
from cli.rules.file import read_rules
from records import BankAccount
from records.codec.account import account_of
from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import ActiveRules, RuleVersion
from tests import shadow_rules
from tests.unit.rules.test_judged_again import SETS, accounts
from veritas import SimulatedVeritas


async def judged(compiled: CompiledRules) -> Judgement:
    version = RuleVersion(compiled, compiled.rule_set.version)
    judge = Judge(SimulatedVeritas(0.5, 1), ActiveRules(version), b"key", clock=lambda: 1)
    records: list[Any] = [
        SimpleNamespace(offset=n, timestamp=n * 1_234_567, key=None, value=value, headers=())
        for n, value in enumerate([*accounts(), b"no account"])
    ]
    return await judge("accounts", 0, records, [account_of(each.value) for each in records])


def with_shadows(file: Path, *, first: bool) -> CompiledRules:
    """The set of a file with the shadow rules before its own, or behind them."""
    own, more = file.read_text("utf-8"), shadow_rules.source()
    tables, rule, rules = own.partition("[[rule]]")
    changed = tables + more + rule + rules if first else own + more
    return CompiledRules(load(changed, lambda name: (file.parent / name).read_text("utf-8")))


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
async def test_verdicts_are_the_same_but_for_shadow(file: Path) -> None:
    without = await judged(read_rules(file))
    for first in (True, False):
        changed = await judged(with_shadows(file, first=first))
        assert len(changed.dead_letters) == len(without.dead_letters) == 1
        assert (changed.outcomes, changed.reasons) == (without.outcomes, without.reasons)
        assert changed.hits == without.hits
        counted: Counter[str] = Counter()
        for (one, before), (other, after) in zip(without.verdicts, changed.verdicts, strict=True):
            plain, shadowed = orjson.loads(before), orjson.loads(after)
            plain.pop("shadow", None)
            counted.update(shadowed.pop("shadow"))
            assert plain.pop("rules") != shadowed.pop("rules")
            assert (one, plain) == (other, shadowed)
        assert counted == changed.shadow_hits
        assert changed.errors["shadow_fails"] == len(changed.verdicts)
        silent = {name for name in shadow_rules.NAMES if not counted[name]}
        assert silent >= {"shadow_fails"}
        assert len(silent) < 6, silent


async def test_the_shadow_field_names_what_fired() -> None:
    changed = await judged(CompiledRules(load(shadow_rules.source())))
    decoded = [account_of(each) for each in accounts()]
    for account, (_, value) in zip(decoded, changed.verdicts, strict=True):
        assert isinstance(account, BankAccount)
        fired = orjson.loads(value)["shadow"]
        assert fired == [name for name in shadow_rules.NAMES if name in fired], "the set's order"
        for name, expected in shadow_rules.EXPECTED.items():
            assert (name in fired) is expected(account)
