"""The worked rule sets of `rules/examples/`: what each makes of accounts."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from faust_transactions.testing import StoredRecord

from agents.judging import Judge
from records import BankAccount
from records.card import check_digit
from rules.compiled import CompiledRules, Decision
from rules.ruleset import load
from rules.versions.active import ActiveRules, RuleVersion
from veritas import SimulatedVeritas

EXAMPLES = Path(__file__).parents[3] / "rules" / "examples"
SETS = sorted(path.stem for path in EXAMPLES.glob("*.toml"))


def at(day: int, hour: int) -> int:
    """A timestamp in the week of Monday, 30 November 2026."""
    return int(datetime(2026, 11, 30, hour, 30, tzinfo=UTC).timestamp() * 1000) + day * 86_400_000


def card(head: str, length: int = 16) -> str:
    """A number that begins so, with the right check digit."""
    head = head.ljust(length - 1, "1")
    return f"{head}{check_digit(int(head))}"


MONDAY, WEDNESDAY, SATURDAY, SUNDAY = 0, 2, 5, 6
#: What no example objects to.
PLAIN: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "amount": 40,
    "card": "4012888888881881",
    "token": "c0ffee00" * 4,
    "timestamp": at(WEDNESDAY, 12),
}
WRONG_CHECKSUM = "4012888888881882"
MAESTRO, UNIONPAY, DINERS, AMEX = card("6759"), card("62"), card("305", 14), card("37", 15)
UNKNOWN_NETWORK = card("91")
VIP, MONITORING = "1f2e3d4c5b6a79880716253443526170", "00112233445566778899aabbccddeeff"


class Case(NamedTuple):
    """An account, what Veritas would answer, and what the set decides."""

    rules: str
    account: dict[str, Any]
    veritas: bool
    expected: Decision


def case(
    rules: str,
    outcome: Any,
    *reasons: str,
    score: float = 0,
    allowed_by: str | None = None,
    shadow: tuple[str, ...] = (),
    veritas: bool = True,
    **account: Any,
) -> Case:
    expected = Decision(outcome, reasons, score, allowed_by, shadow)
    return Case(rules, {**PLAIN, **account}, veritas, expected)


def basics() -> Iterator[Case]:
    """The built-in rules, which every set but one keeps."""
    for rules in SETS:
        if rules != "article":
            yield case(rules, "unauthorized", "name_blank", last_name="")
            yield case(rules, "unauthorized", "amount_not_positive", amount=0)
            yield case(rules, "unauthorized", "card_malformed", card="4012")
            yield case(rules, "unauthorized", "card_checksum", card=WRONG_CHECKSUM)


YES, NO, LOOK = "authorized", "unauthorized", "review"
CASES = [
    *(case(rules, YES) for rules in SETS),
    *(case(rules, NO, "veritas_declined", veritas=False) for rules in SETS),
    *basics(),
    # Veritas alone decides; the shadow rule only counts.
    case("article", YES, card=WRONG_CHECKSUM, shadow=("card_checksum",)),
    case("article", YES, card="", amount=-1, first_name="", shadow=("card_checksum",)),
    case(
        "article",
        NO,
        "veritas_declined",
        card=WRONG_CHECKSUM,
        veritas=False,
        shadow=("card_checksum",),
    ),
    case("limits", YES, amount=9_999.99),
    case("limits", LOOK, "amount_large", amount=10_000),
    case("limits", LOOK, "amount_large", amount=100_000, veritas=False),
    case("limits", NO, "amount_above_limit", amount=100_000.01),
    case("limits", LOOK, "low_limit_network", amount=1_501, card=MAESTRO),
    case("limits", LOOK, "low_limit_network", amount=1_501, card=UNIONPAY),
    case("limits", NO, "diners_limit", amount=5_001, card=DINERS),
    case("limits", NO, "amount_large", "diners_limit", amount=10_000, card=DINERS),
    case("limits", LOOK, "network_unknown", amount=501, card=UNKNOWN_NETWORK),
    case("points", YES, amount=150, score=20),
    case("points", LOOK, "amount_round", "amount_high", amount=3_050, score=60),
    case(
        "points",
        NO,
        "amount_round",
        "amount_high",
        "night",
        "names_equal",
        amount=3_050,
        timestamp=at(MONDAY, 4),
        first_name="LOVELACE",
        score=110,
    ),
    case("points", YES, card=UNKNOWN_NETWORK, score=30),
    case(
        "points",
        NO,
        "network_unknown",
        "veritas_declined",
        card=UNKNOWN_NETWORK,
        veritas=False,
        score=30,
    ),
    case("points", YES, amount=3_050, card=card("421345"), score=20),
    case("allow-list", YES, amount=20_000, token=VIP, veritas=False, allowed_by="vip"),
    case("allow-list", YES, card=WRONG_CHECKSUM, token=VIP, allowed_by="vip"),
    case("allow-list", LOOK, "amount_large", amount=20_001, token=VIP),
    case("allow-list", LOOK, "amount_large", amount=20_000),
    case("allow-list", YES, amount=1, token=MONITORING, card="", allowed_by="monitoring"),
    case("allow-list", NO, "card_malformed", amount=2, token=MONITORING, card=""),
    case("deny-list", NO, "bin_denied", card=card("400022")),
    case("deny-list", NO, "bin_denied", card=card("510008")),
    case("deny-list", NO, "card_stolen", token="deadbeef00112233445566778899aabb"),
    case("deny-list", LOOK, "bin_watched", card=card("403766"), amount=251),
    case("deny-list", YES, card=card("403766"), amount=250),
    case("night-hours", LOOK, "night_large", amount=1_001, timestamp=at(MONDAY, 22)),
    case("night-hours", LOOK, "night_large", amount=1_001, timestamp=at(MONDAY, 5)),
    case("night-hours", YES, amount=1_001, timestamp=at(MONDAY, 6)),
    case("night-hours", LOOK, "weekend_large", amount=3_001, timestamp=at(SATURDAY, 12)),
    case("night-hours", YES, amount=3_001, timestamp=at(WEDNESDAY, 12)),
    case("night-hours", NO, "maintenance", timestamp=at(SUNDAY, 3)),
    case("night-hours", YES, timestamp=at(SUNDAY, 4)),
    case("card-testing", NO, "amount_tiny", amount=0.49),
    case("card-testing", LOOK, "amount_of_testers", amount=0.5),
    case("card-testing", LOOK, "amount_of_testers", amount=1.23),
    case("card-testing", YES, amount=1.24),
    case("card-testing", NO, "published_test_card", card="4111111111111111"),
    case("card-testing", NO, "published_test_card", card="378282246310005"),
    case("card-testing", NO, "length_wrong_for_network", card=card("37")),
    case("names", NO, "name_placeholder", first_name="TEST"),
    case("names", NO, "name_placeholder", last_name="n/a"),
    case("names", YES, last_name="Testa"),
    case("names", NO, "name_without_letters", first_name="--", last_name="..."),
    case("names", YES, first_name="Мария", last_name="王"),
    case("names", LOOK, "name_with_digits", first_name="Ada2"),
    case("names", NO, "name_with_link", last_name="see www.example.org"),
    case("names", NO, "name_with_link", last_name="Gifts.com"),
    case("names", YES, last_name="St.Complan"),
    case("names", LOOK, "name_unpronounceable", last_name="Xkcdzq"),
    case("names", YES, last_name="Krč"),
    case("shadow-trial", YES, amount=5_001, shadow=("amount_large_stricter",)),
    case("shadow-trial", LOOK, "amount_large", amount=10_001, shadow=("amount_large_stricter",)),
    case("shadow-trial", YES, card=AMEX, timestamp=at(MONDAY, 3), shadow=("amex_at_night",)),
    case("after-veritas", YES, amount=200, token=VIP, veritas=False, allowed_by="declined_known"),
    case("after-veritas", NO, "veritas_declined", amount=201, token=VIP, veritas=False),
    case("after-veritas", LOOK, "declined_small", "veritas_declined", amount=19, veritas=False),
    case("after-veritas", YES, amount=19),
    case("after-veritas", LOOK, "approved_large", amount=5_001),
    case("after-veritas", NO, "veritas_declined", amount=5_001, veritas=False),
]


def compiled(name: str) -> CompiledRules:
    source = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    return CompiledRules(load(source, lambda file: (EXAMPLES / file).read_text(encoding="utf-8")))


COMPILED = {name: compiled(name) for name in SETS}


def judged(each: Case) -> tuple[int, Decision]:
    """The rules that fired, as bits, and the decision; as a worker does it."""
    rules = COMPILED[each.rules]
    values = tuple(each.account.values())
    fired, answer = rules.before(*values), None
    if rules.needs_veritas(fired, values):
        answer = each.veritas
        fired |= rules.after(answer, *values)
    return fired, rules.decide(fired, answer)


def test_there_are_ten_examples() -> None:
    assert len(SETS) == 10


@pytest.mark.parametrize("each", CASES, ids=lambda each: f"{each.rules}-{each.expected.outcome}")
def test_an_example_decides(each: Case) -> None:
    assert judged(each)[1] == each.expected


@pytest.mark.parametrize("name", SETS)
def test_every_rule_of_an_example_fires_for_some_accounts_and_not_for_others(name: str) -> None:
    fired = [judged(each)[0] for each in CASES if each.rules == name]
    for index, rule in enumerate(COMPILED[name].rule_set.rules):
        hits = {bits >> index & 1 for bits in fired}
        assert hits == {0, 1}, rule.name


@pytest.mark.parametrize("name", SETS)
def test_an_example_says_what_it_is_for_and_docs_name_it(name: str) -> None:
    assert (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8").startswith("# ")
    docs = (EXAMPLES.parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert f"](../rules/examples/{name}.toml)" in docs


@pytest.mark.parametrize(("name", "least", "most"), [("article", 450, 550), ("deny-list", 25, 75)])
async def test_of_the_article_s_producer_half_are_authorized(
    name: str, least: int, most: int
) -> None:
    """Its cards are 16 digits by chance, so with the built-in rules a tenth passes Luhn's check."""
    chance = random.Random(11)
    rules = ActiveRules(RuleVersion(COMPILED[name], COMPILED[name].rule_set.version))
    judge = Judge(SimulatedVeritas(0.5, 0), rules, b"key")
    accounts = [
        BankAccount(
            first_name="Jimmie",
            last_name="Swaniawski",
            credit_card_number=f"35{chance.randrange(10**14):014d}",
            amount=round(chance.uniform(1, 1_000), 2),
        )
        for _ in range(1_000)
    ]
    records = [StoredRecord(number, account.dumps()) for number, account in enumerate(accounts)]
    judged = await judge("accounts", 0, records, accounts)
    assert least < judged.outcomes["authorized"] < most
    assert judged.outcomes.total() == 1_000
