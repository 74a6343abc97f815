"""The expressions of a rule set as one Python function, made from their checked syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rules.expression import Expression
from rules.fields import COMPUTED, GIVEN
from rules.pattern import Pattern
from rules.rule import Rule, RuleSet

__all__ = ["made_function"]


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
    lines = [ast.parse(f"{name} = _{name}({', '.join(takes)})") for name, takes in _order(fields)]
    constants |= {f"_{name}": COMPUTED[name].make for name in COMPUTED}
    prelude = [statement for module in lines for statement in module.body]
    arguments = ", ".join((*first, *GIVEN))
    module = ast.parse(f"def fired_rules({arguments}):\n    fired = 0\n    return fired")
    (function,) = module.body
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - for the type checker
    function.body[:1] = [*prelude, function.body[0], *body]
    ast.fix_missing_locations(module)
    namespace: dict[str, Any] = {"__builtins__": {}, "len": len, **constants}
    namespace |= {"ArithmeticError": ArithmeticError, "ValueError": ValueError}
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
    if not rule.expression.can_fail:
        return test
    failed = f"try: pass\nexcept (ArithmeticError, ValueError): fired |= {1 << (number + index)}"
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

    def expression(self, expression: Expression) -> ast.expr:
        """A translated copy of the tree."""
        self._patterns = expression.patterns
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

    def _constant(self, value: object) -> ast.Name:
        name = f"_{len(self._constants)}"
        self._constants[name] = value
        return ast.Name(name, ast.Load())


def _text(node: ast.expr) -> str:
    return str(ast.literal_eval(node))
