"""What changes when accounts are judged anew."""

from typing import Any

import pytest

from cli.whatif.accounts_file import FileAccount
from cli.whatif.before import NEW, UNKNOWN
from cli.whatif.limit import MaxFlips, MaxFlipsParameter
from cli.whatif.tally import EXAMPLES, Tally, speakers
from rules.compiled import CompiledRules, Decision
from rules.judge_again import Given, judge_again
from rules.ruleset import load

BIG = '[[rule]]\nname = "big"\nwhen = "amount > 100"\nthen = "review"\n'
ODD = '[[rule]]\nname = "odd"\nwhen = "amount % 2 == 1"\nthen = "unauthorized"\nshadow = true\n'
RULES = CompiledRules(load(BIG + ODD))


def before(amount: float = 1.0, outcome: str = "authorized", **fields: Any) -> FileAccount:
    fields.setdefault("veritas", True)
    return FileAccount("file:1", "************1111", amount, outcome, **fields)


def given(amount: float) -> Given:
    return ("Ann", "Doe", amount, "4111111111111111", "f" * 32, 0)


def tally_of(*accounts: FileAccount, rules: CompiledRules = RULES) -> Tally:
    tally = Tally(rules)
    for one in accounts:
        tally.add(one, judge_again(rules, given(one.amount), one.veritas))
    return tally


def test_what_stays_is_no_flip() -> None:
    tally = tally_of(before(1), before(200, "review", reasons=("big",), veritas=None))
    assert (tally.compared, tally.flips, tally.unknown, tally.other_reasons) == (2, 0, 0, 0)
    assert tally.by_rule == {}
    assert tally.examples == []


def test_a_flip_is_in_its_cell_with_the_amount() -> None:
    tally = tally_of(before(200), before(300.5), before(1))
    cell = tally.matrix["authorized", "review"]
    assert (cell.count, cell.amount) == (2, 500.5)
    assert tally.flips == 2
    assert (tally.by_rule["big"].now.count, tally.by_rule["big"].now.amount) == (2, 500.5)


def test_a_rule_that_is_gone_no_longer_speaks() -> None:
    tally = tally_of(before(1, "unauthorized", reasons=("card_checksum",)))
    gone = tally.by_rule["card_checksum"].no_longer
    assert (tally.flips, gone.count, gone.amount) == (1, 1, 1.0)


def test_who_would_be_asked_about_for_the_first_time_is_unknown() -> None:
    tally = tally_of(before(1, "unauthorized", reasons=("card_checksum",), veritas=None))
    assert (tally.flips, tally.unknown) == (0, 1)
    assert tally.matrix["unauthorized", UNKNOWN].count == 1
    assert (tally.asked_before, tally.asked_after) == (0, 1)
    assert tally.by_rule["card_checksum"].no_longer.count == 1


def test_accounts_that_were_not_judged_are_no_flips() -> None:
    tally = tally_of(before(200, NEW), before(1, NEW, veritas=None))
    assert (tally.compared, tally.flips, tally.unknown) == (0, 0, 0)
    assert tally.matrix[NEW, "review"].count == tally.matrix[NEW, UNKNOWN].count == 1


def test_other_reasons_for_the_same_outcome_are_counted() -> None:
    assert tally_of(before(200, "review", reasons=("large",))).other_reasons == 1


def test_hits_count_live_and_shadow_rules() -> None:
    assert tally_of(before(1), before(201), before(300)).hits == {"big": 2, "odd": 2}


def test_hits_survive_that_there_are_many_combinations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.whatif.tally._MOST_COMBINATIONS", 1)
    assert tally_of(before(1), before(201), before(300), before(2)).hits == {"big": 2, "odd": 2}


def test_rules_that_could_not_be_evaluated_are_counted() -> None:
    ratio = '[[rule]]\nname = "ratio"\nwhen = "1 / (amount - 1) > 5"\nthen = "review"\n'
    tally = tally_of(before(1), before(3), rules=CompiledRules(load(ratio)))
    assert tally.failures == {"ratio": 1}
    assert tally.hits == {"ratio": 0}


def test_of_each_change_some_examples_are_kept() -> None:
    tally = tally_of(*[before(200)] * 10, *[before(1, "unauthorized")] * 10)
    assert len(tally.examples) == 2 * EXAMPLES
    first = tally.examples[0]
    assert (first.id, first.before, first.after) == ("file:1", "authorized", "review")
    assert first.reasons_after == ("big",)


def test_names_from_the_topic_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.whatif.tally._MOST_NAMES", 2)
    tally = tally_of(
        *(before(1, "unauthorized", reasons=(f"r{n}",), rules=f"v{n}") for n in range(9))
    )
    assert {name: found.no_longer.count for name, found in tally.by_rule.items()} == {
        "r0": 1,
        "r1": 1,
        "(others)": 7,
    }
    assert tally.versions == {"v0": 1, "v1": 1, "(others)": 7}


def test_an_allow_rule_speaks_for_its_outcome() -> None:
    decision = Decision("authorized", allowed_by="friend")
    account = before(1, "unauthorized", reasons=("big",))
    assert speakers(account, decision) == (["friend"], ["big"])
    allowed = before(1, "authorized", allowed_by="friend")
    assert speakers(allowed, Decision("review", ("big",))) == (["big"], ["friend"])


def test_where_the_same_rules_speak_they_changed_what_they_do() -> None:
    account = before(1, "review", reasons=("big",))
    assert speakers(account, Decision("unauthorized", ("big",))) == (["big"], ())


@pytest.mark.parametrize(
    ("text", "flips", "compared", "exceeded"),
    [
        ("0", 0, 100, False),
        ("0", 1, 100, True),
        ("20", 20, 1, False),
        ("0.5%", 5, 1_000, False),
        ("0.5%", 6, 1_000, True),
        ("0%", 1, 1_000_000, True),
        ("100%", 7, 7, False),
        ("100%", 0, 0, True),
    ],
)
def test_a_limit_is_a_number_or_a_share(
    text: str, flips: int, compared: int, exceeded: bool
) -> None:
    limit = MaxFlipsParameter()(text)
    assert isinstance(limit, MaxFlips)
    assert limit.is_exceeded(flips, compared) is exceeded


@pytest.mark.parametrize("text", ["", "x", "-1", "0.5", "101%", "1e3%", "%", "1 %", "٣%"])
def test_what_is_no_limit_is_a_usage_error(text: str) -> None:
    with pytest.raises(Exception, match=r"neither a number nor a share|more than 100%"):
        MaxFlipsParameter()(text)
