"""What it takes to judge an account by 1, 20 and 200 rules, and what an evaluator takes for that.

In one process, without a broker. The evaluator walks each expression's tree for each account, with
the fields computed beforehand; the compiled function computes those that its rules name.
"""

import ast
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from simpleeval import EvalWithCompoundTypes

from agents.fakes import FakeAccounts
from records.card import digits
from records.token import token
from rules.compiled import CompiledRules
from rules.fields import COMPUTED, GIVEN
from rules.ruleset import load
from tools.bench.support.figures import table

SIZES = (1, 20, 200)
_ACCOUNTS, _ROUNDS = 2_000, 7
_SUNDAY_NIGHT = 1_795_390_440_000
_THRESHOLDS = "[thresholds]\nreview = 50\nunauthorized = 100\n"

# As fraud teams write them; `n` makes each of 200 another one. No patterns and no lists: what those
# take depends on the pattern and the text, and the evaluator has neither.
_CONDITIONS = (
    "amount > {n}000",
    'amount > {n}00 and network == "visa"',
    "hour < 4 and weekday >= 5 and amount > {n}",
    "card_length > 12 and amount % 50 == {n}",
    'startswith(bin, "{n}") and amount / 3 > 15000',
    'network in ["amex", "diners"] and amount > {n}0',
    "lower(first_name) == lower(last_name) or len(last_name) > 4{n}",
    'not luhn_ok or bin == "4{n:05d}"',
    '{n} < amount <= {n}.5 and last4 != "0000"',
    'contains(last_name, "x{n}") or endswith(first_name, "{n}")',
)


@dataclass(frozen=True)
class RulesCost:
    """Microseconds for one account, the best of some rounds."""

    rules: int
    #: The compiled function, and what a worker does: whether to ask Veritas, and the decision.
    function: float
    decided: float
    evaluator: float


def measure(sizes: tuple[int, ...] = SIZES) -> list[RulesCost]:
    """Each number of rules, the three ways in turn."""
    accounts = list(_accounts(_ACCOUNTS))
    return [_measure(size, accounts) for size in sizes]


def report(costs: list[RulesCost]) -> str:
    """The table."""
    headers = ["rules", "compiled function, µs", "with the decision, µs", "simpleeval, µs", "times"]
    rows = [
        [
            f"{cost.rules}",
            f"{cost.function:.2f}",
            f"{cost.decided:.2f}",
            f"{cost.evaluator:,.0f}",
            f"{cost.evaluator / cost.decided:.0f}",
        ]
        for cost in costs
    ]
    return "one account judged\n\n" + table(headers, rows, words=0)


def _measure(size: int, accounts: list[tuple[Any, ...]]) -> RulesCost:
    rules = CompiledRules(load(_source(size)))
    before, decide, needs_veritas = rules.before, rules.decide, rules.needs_veritas
    named = [_fields(account) for account in accounts[: max(20, _ACCOUNTS // size // 4)]]
    trees = [EvalWithCompoundTypes.parse(rule.when) for rule in rules.rule_set.rules]

    def function() -> None:
        for account in accounts:
            before(*account)

    def decided() -> None:
        for account in accounts:
            fired = before(*account)
            decide(fired, True if needs_veritas(fired, account) else None)

    def evaluator() -> None:
        for names in named:
            _evaluated(trees, names)

    if [before(*account) for account in accounts[:20]] != [
        _evaluated(trees, names) for names in named[:20]
    ]:
        raise RuntimeError("the evaluator and the compiled function do not agree")
    ways: tuple[tuple[Callable[[], None], int], ...] = (
        (function, len(accounts)),
        (decided, len(accounts)),
        (evaluator, len(named)),
    )
    rounds = [[_timed(way) / number for way, number in ways] for _ in range(_ROUNDS)]
    best = [min(each) * 1e6 for each in zip(*rounds, strict=True)]
    return RulesCost(size, *best)


def _timed(way: Callable[[], None]) -> float:
    began = time.thread_time()
    way()
    return time.thread_time() - began


def _source(size: int) -> str:
    """A rule set of that many conditions."""
    made = islice(enumerate(cycle(_CONDITIONS)), size)
    return _THRESHOLDS + "".join(
        f'[[rule]]\nname = "r{number}"\npoints = 10\n'
        f"when = {json.dumps(condition.format(n=1 + number // len(_CONDITIONS)))}\n"
        for number, condition in made
    )


def _accounts(number: int) -> Iterator[tuple[Any, ...]]:
    """The arguments of a compiled function; half of the check digits are wrong."""
    for index, account in enumerate(FakeAccounts(20_240_607).pool(number)):
        card = digits(account.credit_card_number)
        card = card[:-1] + str((int(card[-1]) + index % 2) % 10)
        named = token(card, b"a key of the benchmark's own")
        stamp = _SUNDAY_NIGHT + index * 60_000
        yield account.first_name, account.last_name, account.amount, card, named, stamp


def _fields(account: tuple[Any, ...]) -> dict[str, Any]:
    """All fields of an account by name, as the evaluator takes them."""
    names: dict[str, Any] = dict(zip(GIVEN, account, strict=True))
    for name, field in COMPUTED.items():
        names[name] = field.make(*(names[each] for each in field.of))
    return names


def _evaluated(trees: list[ast.AST], names: dict[str, Any]) -> int:
    """The rules that hold, as bits."""
    evaluate = EvalWithCompoundTypes(names=names, functions=_FUNCTIONS).eval
    return sum(
        1 << index for index, tree in enumerate(trees) if evaluate("", previously_parsed=tree)
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "lower": str.lower,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda text, part: part in text,
}
