"""Rule sets as a whole: their faults, their version, and what they decide."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records import BankAccount
from records.card import digits
from rules.compiled import CompiledRules, Decision
from rules.faults import RuleSetError
from rules.ruleset import MOST_BYTES, load
from tests.unit.records import strategies
from tests.unit.rules import version_0_1

ACCOUNT = ("Jo", "Doe", 100, "4111111111111111", "9f" * 16, 0)
BUILTIN = (Path(__file__).parents[3] / "rules" / "builtin.toml").read_text(encoding="utf-8")
ONE_OF = "authorized, review, unauthorized"
THRESHOLDS = "[thresholds]\nreview = 50\nunauthorized = 100\n"


def rule(name: str, when: str = "amount > 0", **effect: Any) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in effect.items()]
    return "\n".join(["[[rule]]", f'name = "{name}"', f"when = {json.dumps(when)}", *lines, ""])


def decided(
    source: str, veritas: bool | None = None, account: tuple[Any, ...] = ACCOUNT
) -> Decision:
    rules = CompiledRules(load(source))
    fired = rules.before(*account)
    if veritas is not None:
        fired |= rules.after(veritas, *account)
    found: Decision = rules.decide(fired, veritas)
    return found


def asks(source: str) -> bool:
    rules = CompiledRules(load(source))
    return rules.needs_veritas(rules.before(*ACCOUNT), ACCOUNT)


def test_a_threshold_may_be_a_fraction_as_points_may() -> None:
    source = "[thresholds]\nreview = 0.5\n"
    assert decided(source + rule("a", points=0.5)).outcome == "review"
    assert decided(source + rule("a", points=0.4), veritas=True).outcome == "authorized"


def faults(source: str) -> list[str]:
    with pytest.raises(RuleSetError) as refused:
        load(source)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = ", ["1:5: not TOML: Invalid value"]),
        ("[rules]\n", ["1:1: unknown key `rules`: did you mean `rule`?"]),
        ("[rule]\n", ["1:1: write rules as [[rule]]"]),
        ("thresholds = 3\n", ["1:1: write a table, [thresholds]"]),
        (
            "[thresholds]\nreview = 0\nreviw = 1\n",
            [
                "2:1: [thresholds]: review is a number above 0, up to 1,000,000",
                "3:1: [thresholds]: unknown key `reviw`: did you mean `review`?",
            ],
        ),
        (
            "[thresholds]\nreview = 9\nunauthorized = 3\n",
            ["2:1: [thresholds]: review is above unauthorized, so never reached"],
        ),
        ("[lists]\nBad = []\n", ["2:1: [lists]: `Bad` is no name: [a-z][a-z0-9_]{0,63}"]),
        ("[lists]\na = [1]\n", ["2:1: [lists]: a holds strings only"]),
        ("[lists]\na = {file = 3}\n", ['2:1: [lists]: a is a list or {file = "…"}']),
        ('[lists]\na = {file = "b"}\n', ["2:1: [lists]: a: files cannot be read here"]),
        (
            "[[rule]]\n",
            [
                "1:1: rule number 1: name is missing",
                "1:1: rule number 1: when is missing",
                "1:1: rule number 1: write either then or points",
            ],
        ),
        (
            rule("a", then="reviews"),
            [f"4:1: rule a: then is one of {ONE_OF}: did you mean `review`?"],
        ),
        (rule("a", then="review", points=1), ["4:1: rule a: write either then or points"]),
        (rule("a", points=1), ["4:1: rule a: points have no effect without [thresholds]"]),
        (
            THRESHOLDS + rule("a", points=0),
            ["7:1: rule a: points is a number up to 1,000,000, not 0"],
        ),
        (
            rule("A", then="review"),
            ["2:1: rule number 1: name is a string like [a-z][a-z0-9_]{0,63}"],
        ),
        (rule("a", then="review") * 2, ["6:1: rule a: another rule has this name"]),
        (
            rule("rule_error", then="review"),
            ["2:1: rule rule_error: `rule_error` is reserved: choose another name"],
        ),
        (rule("a", then="review", shadow=1), ["5:1: rule a: shadow is true or false"]),
        (
            rule("a", then="review", note=1),
            ["5:1: rule a: note is a string of at most 1,000 characters"],
        ),
        (rule("a", then="review", whn=1), ["5:1: rule a: unknown key `whn`: did you mean `when`?"]),
        ("[[rule]]\nname='a'\nthen='review'\nwhen=3\n", ["4:1: rule a: when is a string"]),
        ("rule = [1]\n", ["1:1: write rules as [[rule]]"]),
        ("a = " + "[" * 10_000, ["1:1: nested too deeply"]),
        (rule("a", then="review") * 501, ["2001:1: 501 rules; at most 500"]),
        ("a = '" + "x" * MOST_BYTES + "'", ["1:1: more than 900,000 bytes"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_says_where_it_is_and_what_is_wanted(source: str, expected: list[str]) -> None:
    assert faults(source) == expected


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    source = rule("a", "ammount > 0", then="review") + rule("b", "luhn_k", then="no") + "[other]\n"
    assert len(faults(source)) == 4


def test_a_list_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    def read(name: str) -> str:
        return (tmp_path / name).read_text(encoding="utf-8")

    (tmp_path / "latin").write_bytes(b"\xff")
    for name, why in (("gone", "No such file or directory"), ("latin", "it is not UTF-8 text")):
        with pytest.raises(RuleSetError, match=rf"2:1: \[lists\]: {name} cannot be read: {why}"):
            load(f'[lists]\na = {{file = "{name}"}}\n', read)
    (tmp_path / "huge").write_text("x\n" * MOST_BYTES)
    with pytest.raises(RuleSetError, match=r"2:1: \[lists\]: over 900,000 bytes with huge"):
        load('[lists]\na = {file = "huge"}\n', read)


def test_the_version_is_of_what_it_decides_and_not_of_how_it_is_written() -> None:
    one = '[[rule]]\nname = "a"\nwhen = "amount>1 and(luhn_ok)"\nthen = "review"\n'
    same = (
        '# why\n[[rule]]\nthen="review"\nwhen="""amount > 1\n and luhn_ok"""\nname="a"\nnote="n"\n'
    )
    other = one.replace("1", "2")
    assert load(one).version == load(same).version
    assert load(one).version != load(other).version
    assert load(one + "[lists]\na=['x']\n").version != load(one).version
    assert len(load(one).version) == 12


def test_the_version_is_the_same_on_every_python() -> None:
    """Python 3.12 calls U+0CF3 a letter, 3.11 does not: their `repr` of it differ."""
    odd = "\u0cf3\u200bé"
    names = f'first_name in ["{odd}", "b"] and -1.5e3 < amount % 7'
    written = f'{names} or not contains(last_name, "{odd}")'
    assert load(rule("odd", written, then="review")).version == "57ee7a0b90bc"
    assert load(BUILTIN).version == "921dd3e51efc"


# -- outcomes

ALLOW, REFUSE, LOOK = (
    rule(name, then=then)
    for name, then in (("allow", "authorized"), ("refuse", "unauthorized"), ("look", "review"))
)
SOME, MANY = (rule(name, points=points) for name, points in (("some", 60), ("many", 100)))


@pytest.mark.parametrize(
    ("source", "veritas", "expected"),
    [
        ("", True, Decision("authorized")),
        ("", False, Decision("unauthorized", ("veritas_declined",))),
        (ALLOW + REFUSE + LOOK, None, Decision("authorized", allowed_by="allow")),
        (LOOK + REFUSE, None, Decision("unauthorized", ("look", "refuse"))),
        (LOOK, None, Decision("review", ("look",))),
        (LOOK, False, Decision("review", ("look", "veritas_declined"))),
        (SOME, None, Decision("review", ("some",), 60)),
        (SOME + MANY, None, Decision("unauthorized", ("some", "many"), 160)),
        (SOME + LOOK + MANY, None, Decision("review", ("some", "look", "many"), 160)),
        (rule("few", points=49), True, Decision("authorized", (), 49)),
        (rule("few", points=49), False, Decision("unauthorized", ("few", "veritas_declined"), 49)),
        (SOME + rule("good", points=-20), True, Decision("authorized", (), 40)),
        (
            rule("a", "amount / 0 > 1", then="unauthorized"),
            None,
            Decision("review", ("rule_error",), failed=("a",)),
        ),
        (
            rule("a", "amount % (amount - 100) > 1", then="authorized") + REFUSE,
            None,
            Decision("unauthorized", ("refuse", "rule_error"), failed=("a",)),
        ),
        (rule("a", then="unauthorized", shadow=True), True, Decision("authorized", shadow=("a",))),
        (
            rule("a", "1 / 0 > 1", then="unauthorized", shadow=True),
            True,
            Decision("authorized", failed=("a",)),
        ),
        (
            rule("late", "not veritas and amount < 1000", then="review"),
            False,
            Decision("review", ("late", "veritas_declined")),
        ),
        (
            rule("late", "not veritas and amount < 1000", then="authorized"),
            False,
            Decision("authorized", allowed_by="late"),
        ),
    ],
    ids=repr,
)
def test_precedence(source: str, veritas: bool | None, expected: Decision) -> None:
    assert decided(THRESHOLDS + source, veritas) == expected


def test_veritas_is_asked_exactly_where_its_answer_can_change_the_outcome() -> None:
    """Held against every answer of it, with every rule that may look at it.

    Where both answers give what the other rules give without one, it is not asked.
    """
    effects: list[dict[str, Any]] = [
        {"then": "authorized"},
        {"then": "unauthorized"},
        {"then": "review"},
        {"points": 60},
        {"points": -60},
        {"then": "unauthorized", "shadow": True},
    ]
    conditions = ("veritas", "not veritas", "veritas and amount > 200", "veritas or amount > 50")
    late = [rule("late", when, **effect) for when, effect in product(conditions, effects)]
    for early, after in product(("", ALLOW, REFUSE, LOOK, SOME, MANY, SOME + LOOK), ("", *late)):
        source = THRESHOLDS + early + after
        found = [decided(source, veritas) for veritas in (True, False, None)]
        outcomes = {(each.outcome, each.allowed_by) for each in found}
        assert asks(source) is (len(outcomes) > 1), source


@pytest.mark.parametrize(
    "late",
    [
        rule("late", 'veritas and in_list(token, "known")', then="authorized"),
        rule("late", "not veritas and amount > 10000", then="unauthorized"),
        rule("late", "not veritas and amount > 0", then="review"),
        rule("late", "veritas or amount > 0", then="unauthorized", shadow=True),
    ],
)
def test_veritas_is_not_asked_for_a_rule_that_cannot_change_the_outcome(late: str) -> None:
    """The account is reviewed already; the rule that names it does not fire or changes nothing."""
    assert not asks(f'[lists]\nknown = ["{"1f" * 16}"]\n' + LOOK + late)


def test_a_rule_that_divides_by_zero_with_one_answer_only_asks() -> None:
    late = rule("late", "veritas and 1 / (amount - 100) > 1", then="review")
    assert asks(THRESHOLDS + late)
    assert asks(THRESHOLDS + SOME + late) is False, "it is reviewed already"


def test_what_is_shadow_never_changes_anything_else() -> None:
    shadows = "".join(
        rule(f"shadow_{index}", then=then, shadow=True)
        for index, then in enumerate(("authorized", "review", "unauthorized"))
    )
    shadows += rule("shadow_error", "1 / 0 > 1", then="unauthorized", shadow=True)
    for early, veritas in product(("", ALLOW, REFUSE, LOOK), (True, False)):
        without, with_them = decided(early, veritas), decided(shadows + early, veritas)
        assert with_them._replace(shadow=(), failed=()) == without
        assert asks(shadows + early) is asks(early)


def test_hits_are_the_rules_that_fired_but_for_shadow_rules() -> None:
    silent = rule("silent", "amount < 0", then="review")
    rules = CompiledRules(
        load(THRESHOLDS + ALLOW + silent + rule("s", shadow=True, points=1) + SOME)
    )
    assert rules.hits(rules.before(*ACCOUNT)) == ("allow", "some")
    assert rules.hits(0) == ()


def test_a_name_in_which_nothing_can_be_seen_is_empty_to_the_rules() -> None:
    source = rule("empty", 'first_name == "" and len(last_name) == 0', then="review")
    assert decided(source, account=(" \u3164", "\u200b", *ACCOUNT[2:])).reasons == ("empty",)
    assert decided(source, True, (" O", " ", *ACCOUNT[2:])).reasons == ()


def test_the_built_in_set_is_a_set_like_any_other() -> None:
    rules = load(BUILTIN).rules
    names = ["name_blank", "amount_not_positive", "card_malformed", "card_checksum"]
    assert [rule.name for rule in rules] == names
    worst = ("", "", 0, "12345", "", 0)
    assert decided(BUILTIN, account=worst).reasons == tuple(names[:3])
    assert decided(BUILTIN, account=("a", "b", 1, "4111111111111112", "", 0)).reasons == (names[3],)


NEARLY_CARDS = st.sampled_from(["4111111111111111", "4111 1111-1111 1112", "0" * 16, "41111", ""])


@given(strategies.accounts, NEARLY_CARDS | strategies.text)
@example(BankAccount("\u3164", "b", "", -1), "4111111111111111")
def test_the_built_in_set_decides_as_the_code_of_version_0_1_did(
    account: BankAccount, card: str
) -> None:
    account.credit_card_number = card
    rules = CompiledRules(load(BUILTIN))
    names = account.first_name, account.last_name
    given_fields = (*names, account.amount, digits(card), "", 0)
    fired = rules.before(*given_fields)
    assert rules.decide(fired, None).reasons == version_0_1.screen(account)
    assert rules.needs_veritas(fired, given_fields) is not bool(version_0_1.screen(account))
