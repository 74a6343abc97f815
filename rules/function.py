"""The expressions of a rule set as one Python function, made from their checked syntax trees."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from rules.expression import Expression
from rules.fields import COMPUTED, GIVEN
from rules.pattern import LONGEST_MATCHED, Pattern
from rules.rule import Rule, RuleSet

__all__ = ["made_function"]

#: Fields that are as long as whoever sends an account likes. Functions take a bounded one, so that
#: no account makes an expression run for long.
_UNBOUNDED: Final = ("first_name", "last_name")
_BOUNDED: Final = "bounded_"
#: What evaluating a rule may raise; a TypeError is of a name that is too long.
_FAILURES: Final = ("ArithmeticError", "TypeError", "ValueError")


class _TooLong:
    """In place of a name that is too long: whatever looks at it raises ValueError or TypeError."""

    __hash__ = None  # type: ignore[assignment] # so no list can be searched for it

    def __eq__(self, other: object) -> bool:
        raise ValueError("the text is too long")

    def __getattr__(self, name: str) -> Any:
        raise ValueError("the text is too long")


def made_function(
    rule_set: RuleSet, wanted: Iterable[bool], first: tuple[str, ...]
) -> Callable[..., int]:
    """One function for the wanted rules; its arguments are ``first`` and the given fields."""
    constants: dict[str, Any] = {}
    translate = _Translator(rule_set.lists, constants)
    number = len(rule_set.rules)
    body: list[ast.stmt] = []
    fields: set[str] = set()
    for index, (rule, is_wanted) in enumerate(zip(rule_set.rules, wanted, strict=True)):
        if is_wanted:
            body.append(_test(rule, index, number, translate))
            fields |= rule.expression.fields
    lines = [f"{name} = _{name}({', '.join(takes)})" for name, takes in _order(fields)]
    lines += [
        f"{_BOUNDED}{name} = {name} if len({name}) <= {LONGEST_MATCHED} else _too_long"
        for name in sorted(translate.bounded)
    ]
    constants |= {f"_{name}": COMPUTED[name].make for name in COMPUTED}
    prelude = ast.parse("\n".join(lines)).body
    arguments = ", ".join((*first, *GIVEN))
    module = ast.parse(f"def fired_rules({arguments}):\n    fired = 0\n    return fired")
    (function,) = module.body
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - for the type checker
    function.body[:1] = [*prelude, function.body[0], *body]
    ast.fix_missing_locations(module)
    namespace: dict[str, Any] = {"__builtins__": {}, "len": len, "_too_long": _TooLong()}
    namespace |= {name: getattr(builtins, name) for name in _FAILURES} | constants
    # Made of checked nodes only, see rules.reading.checker.
    exec(compile(module, "<rules>", "exec"), namespace)  # noqa: S102
    made: Callable[..., int] = namespace["fired_rules"]
    return made


def _order(fields: set[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The computed fields that are wanted, and what they are made of, each before its users."""
    wanted: set[str] = set()
    for name in reversed(COMPUTED):  # a field is made of earlier ones
        if name in fields or name in wanted:
            wanted |= {name, *COMPUTED[name].of}
    return [(name, COMPUTED[name].of) for name in COMPUTED if name in wanted]


def _test(rule: Rule, index: int, number: int, translate: _Translator) -> ast.stmt:
    (test,) = ast.parse(f"if x: fired |= {1 << index}").body
    assert isinstance(test, ast.If)  # noqa: S101 - for the type checker
    test.test = translate.expression(rule.expression)
    if not translate.can_fail:
        return test
    failed = f"try: pass\nexcept ({', '.join(_FAILURES)}): fired |= {1 << (number + index)}"
    (guarded,) = ast.parse(failed).body
    assert isinstance(guarded, ast.Try)  # noqa: S101 - for the type checker
    guarded.body = [test]
    return guarded


class _Translator(ast.NodeTransformer):
    """From the rule language's functions to Python's, which cost less than calls of our own."""

    def __init__(self, lists: Mapping[str, frozenset[str]], constants: dict[str, Any]) -> None:
        self._lists = lists
        self._constants = constants
        self._patterns: Mapping[str, Pattern] = {}
        #: The fields that any expression looks at in their bounded form.
        self.bounded: set[str] = set()
        #: Whether evaluating the last expression can fail.
        self.can_fail = False

    def expression(self, expression: Expression) -> ast.expr:
        """A translated copy of the tree."""
        self._patterns = expression.patterns
        self.can_fail = expression.can_fail
        copy = ast.parse(ast.unparse(expression.tree), mode="eval").body
        translated: ast.expr = self.visit(copy)
        return translated

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Calls of the language's functions."""
        self.generic_visit(node)
        assert isinstance(node.func, ast.Name)  # noqa: S101 - see rules.reading.checker
        name, arguments = node.func.id, node.args
        match name:
            case "len":
                return node
            case "contains":
                return ast.Compare(arguments[1], [ast.In()], [arguments[0]])
            case "in_list":
                values = self._lists[_text(arguments[1])]
                return ast.Compare(arguments[0], [ast.In()], [self._constant(values)])
            case "matches":
                is_in = self._constant(self._patterns[_text(arguments[1])].is_in)
                return ast.Call(is_in, arguments[:1], [])
            case _:  # lower, upper, startswith, endswith: methods of strings
                return ast.Call(ast.Attribute(arguments[0], name, ast.Load()), arguments[1:], [])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Names of people are bounded, but for the comparisons below."""
        if node.id not in _UNBOUNDED:
            return node
        self.bounded.add(node.id)
        self.can_fail = True
        return ast.Name(f"{_BOUNDED}{node.id}", ast.Load())

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Whether texts are equal is known soon, however long they are."""
        whole = all(map(_is_equality, node.ops, node.comparators))
        sides = [
            side if whole and isinstance(side, ast.Name) else self.visit(side)
            for side in (node.left, *node.comparators)
        ]
        return ast.Compare(sides[0], node.ops, sides[1:])

    def _constant(self, value: object) -> ast.Name:
        name = f"_{len(self._constants)}"
        self._constants[name] = value
        return ast.Name(name, ast.Load())


def _is_equality(op: ast.cmpop, right: ast.expr) -> bool:
    """Whether this compares by `==` or `!=`, or with the entries of a list."""
    if isinstance(op, ast.In | ast.NotIn):
        return isinstance(right, ast.List)
    return isinstance(op, ast.Eq | ast.NotEq)


def _text(node: ast.expr) -> str:
    return str(ast.literal_eval(node))
