"""Judging again, and why: by the functions that the worker uses."""

from rules.compiled import CompiledRules
from rules.explain import explain
from rules.judge_again import Given, judge_again
from rules.ruleset import load

TEST_CARD = "4111111111111111"


def given(amount: float = 10.0, card: str = TEST_CARD, first: str = "Ann") -> Given:
    return (first, "Doe", amount, card, "f" * 32, 1_795_410_452_087)


def compiled(*rules: str) -> CompiledRules:
    return CompiledRules(load("".join(f"[[rule]]\n{rule}\n" for rule in rules)))


BIG = 'name = "big"\nwhen = "amount > 1000"\nthen = "unauthorized"'
LOOK = 'name = "look"\nwhen = "not veritas and amount > 5"\nthen = "review"'
ALLOW = 'name = "friend"\nwhen = "veritas or first_name == \\"Ann\\""\nthen = "authorized"'


def test_a_recorded_answer_counts_where_it_is_asked_for() -> None:
    rules = compiled(BIG)
    again = judge_again(rules, given(), False)
    assert again.asks
    assert again.decision is not None
    assert (again.decision.outcome, again.decision.reasons) == (
        "unauthorized",
        ("veritas_declined",),
    )


def test_an_answer_that_is_not_asked_for_has_no_effect() -> None:
    again = judge_again(compiled(BIG), given(amount=2000), False)
    assert not again.asks
    assert again.decision is not None
    assert again.decision.reasons == ("big",)


def test_without_a_recorded_answer_the_outcome_is_unknown() -> None:
    assert judge_again(compiled(BIG), given(), None).decision is None


def test_rules_that_name_veritas_are_evaluated_with_the_recorded_answer() -> None:
    rules = compiled(LOOK)
    declined = judge_again(rules, given(), False).decision
    authorized = judge_again(rules, given(), True).decision
    assert declined is not None
    assert authorized is not None
    assert (declined.outcome, authorized.outcome) == ("review", "authorized")


def test_each_fired_rule_has_the_values_of_the_fields_that_it_names() -> None:
    rules = compiled(
        'name = "visa"\nwhen = "network == \\"visa\\" and amount + len(bin) > 3"\nthen = "review"',
        'name = "night"\nwhen = "hour > 22"\nthen = "review"',
        'name = "shadowed"\nwhen = "not luhn_ok or last4 == \\"1111\\""\n'
        'then = "unauthorized"\nshadow = true',
    )
    found = explain(rules, given(), True)
    assert [(one.rule.name, one.values) for one in found.rules] == [
        ("visa", {"amount": 10.0, "bin": "411111", "network": "visa"}),
        ("shadowed", {"last4": "1111", "luhn_ok": True}),
    ]
    assert found.again.decision is not None
    assert found.again.decision.outcome == "review"


def test_a_rule_that_cannot_be_evaluated_is_listed_as_such() -> None:
    rules = compiled('name = "ratio"\nwhen = "1 / (amount - 10) > 3"\nthen = "unauthorized"')
    (found,) = explain(rules, given(), None).rules
    assert (found.failed, found.values) == (True, {"amount": 10.0})


def test_a_late_rule_shows_the_answer_that_it_saw() -> None:
    (look,) = explain(compiled(BIG, LOOK), given(), False).rules
    assert look.values == {"amount": 10.0, "veritas": False}


def test_a_late_rule_did_not_fire_while_veritas_need_not_be_asked() -> None:
    found = explain(compiled(BIG, LOOK), given(amount=2000), False)
    assert [one.rule.name for one in found.rules] == ["big"]


def test_no_value_is_the_card_number() -> None:
    names = ["bin", "last4", "network", "token", "first_name"]
    fields = " or ".join(f'{name} != "x"' for name in names)
    rule = f'name = "all"\nwhen = \'{fields} or card_length > 0 or luhn_ok\'\nthen = "review"'
    (found,) = explain(compiled(rule), given(), None).rules
    assert set(found.values) == {*names, "card_length", "luhn_ok"}
    assert TEST_CARD not in str(found.values)


def test_an_allow_rule_that_needs_veritas_asks() -> None:
    assert judge_again(compiled(BIG, ALLOW), given(amount=2000), None).asks
