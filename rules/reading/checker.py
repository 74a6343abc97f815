"""Walks the syntax tree of one expression: which nodes, names and types it has."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any, Final

from rules.expression import Expression
from rules.pattern import Pattern
from rules.reading.calls import wrong_arguments
from rules.reading.comparisons import Sides, never_holds, unlike
from rules.reading.literals import wrong_literal
from rules.reading.not_allowed import not_allowed, unknown_field, unknown_function
from rules.reading.problem import Problem, Problems
from rules.reading.shared import Shared
from rules.vocabulary import FIELDS, FUNCTIONS, Kind

__all__ = ["Checker"]

#: Bounds of one expression: nodes of the syntax tree, and their depth.
MOST_NODES: Final = 500
DEEPEST: Final = 40

_ARITHMETIC: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}


class Checker:
    """Walks one syntax tree; `None` stands for a type that a fault left unknown."""

    def __init__(self, text: str, shared: Shared) -> None:
        self._shared = shared
        self._problems = Problems(text)
        self._add = self._problems.add
        self._fields: set[str] = set()
        self._nodes = 0
        self._matches = 0
        self._patterns: dict[str, Pattern] = {}
        self._can_fail = False
        # What is not in here is not allowed.
        self._checks: dict[type[ast.expr], Callable[[Any, int], Kind | None]] = {
            ast.Constant: self._constant,
            ast.Name: self._named,
            ast.BoolOp: self._bool_op,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._compare,
            ast.List: self._list,
            ast.Call: self._call,
        }

    def check(self, tree: ast.expr) -> Expression | list[Problem]:
        """The expression, or its faults."""
        try:
            kind = self._kind(tree, 0)
        except _TooLargeError as exc:
            return [Problem(0, str(exc))]
        if kind not in (None, Kind.TRUTH):
            self._add(tree, f"a rule needs a condition, but this is {_name(kind)}")
        if problems := self._problems.in_order():
            return problems
        return Expression(
            tree,
            frozenset(self._fields),
            self._can_fail,
            self._nodes,
            self._matches,
            self._patterns,
        )

    def _kind(self, node: ast.expr, depth: int) -> Kind | None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _TooLargeError(f"the expression has over {MOST_NODES} parts: split the rule")
        if depth > DEEPEST:
            raise _TooLargeError("the expression is nested too deeply")
        check = self._checks.get(type(node))
        if check is None:
            self._add(node, not_allowed(node))
            return None
        return check(node, depth + 1)

    def _constant(self, node: ast.Constant, _depth: int) -> Kind | None:
        value = node.value
        if isinstance(value, bool):
            self._add(node, "True and False are not allowed: write the condition, or not before it")
            return None
        if isinstance(value, str | int | float):
            # In Python, no number but zero may have leading zeros.
            written = self._problems.start_of(node) if value == 0 else ""
            for text in wrong_literal(value, written):
                self._add(node, text)
            return Kind.TEXT if isinstance(value, str) else Kind.NUMBER
        self._add(node, f"{value!r:.20} is not allowed: write numbers, strings or lists of them")
        return None

    def _named(self, node: ast.Name, _depth: int) -> Kind | None:
        kind = FIELDS.get(node.id)
        if kind is None:
            self._add(node, unknown_field(node.id))
            return None
        self._fields.add(node.id)
        return kind

    def _bool_op(self, node: ast.BoolOp, depth: int) -> Kind:
        word = "and" if isinstance(node.op, ast.And) else "or"
        for value in node.values:
            self._condition(value, word, depth)
        return Kind.TRUTH

    def _condition(self, node: ast.expr, word: str, depth: int) -> None:
        kind = self._kind(node, depth)
        if kind not in (None, Kind.TRUTH):
            self._add(node, f"`{word}` needs conditions, but this is {_name(kind)}")

    def _unary(self, node: ast.UnaryOp, depth: int) -> Kind | None:
        if isinstance(node.op, ast.Not):
            self._condition(node.operand, "not", depth)
            return Kind.TRUTH
        if isinstance(node.op, ast.Invert):
            self._add(node, "~ is not allowed: write not")
            return None
        return self._number(node.operand, "-" if isinstance(node.op, ast.USub) else "+", depth)

    def _number(self, node: ast.expr, sign: str, depth: int) -> Kind | None:
        kind = self._kind(node, depth)
        if kind in (None, Kind.NUMBER):
            return kind
        self._add(node, f"`{sign}` needs numbers, but this is {_name(kind)}")
        return None

    def _binary(self, node: ast.BinOp, depth: int) -> Kind | None:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None:
            self._add(node, "this operator is not allowed: write + - * / or %")
            return None
        # A division by zero; or an integer beyond what a float can be, when it meets one.
        self._can_fail = True
        kinds = {self._number(node.left, sign, depth), self._number(node.right, sign, depth)}
        return None if None in kinds else Kind.NUMBER

    def _compare(self, node: ast.Compare, depth: int) -> Kind:
        left, left_kind = node.left, self._kind(node.left, depth)
        for op, right in zip(node.ops, node.comparators, strict=True):
            right_kind = self._kind(right, depth)
            if left_kind is not None and right_kind is not None:
                self._pair(Sides(op, left, right), left_kind, right_kind)
            left, left_kind = right, right_kind
        return Kind.TRUTH

    def _pair(self, sides: Sides, one: Kind, other: Kind) -> None:
        wrong = unlike(sides, one, other)
        for node, text in [wrong] if wrong else never_holds(sides):
            self._add(node, text)

    def _list(self, node: ast.List, depth: int) -> Kind | None:
        kinds = {self._item(item, depth) for item in node.elts}
        if None in kinds:
            return None
        if len(kinds) != 1:
            text = "a list is all numbers or all strings" if kinds else "the list is empty"
            self._add(node, text)
            return None
        (kind,) = kinds
        return kind.listed if kind is not None else None

    def _item(self, node: ast.expr, depth: int) -> Kind | None:
        plain = node.operand if isinstance(node, ast.UnaryOp) else node
        if not isinstance(plain, ast.Constant):
            self._add(node, "a list holds numbers or strings only")
            return None
        return self._kind(node, depth)

    def _call(self, node: ast.Call, depth: int) -> Kind | None:
        if isinstance(node.func, ast.Attribute):
            return self._kind(node.func, depth)  # which says what is wrong with it
        if not isinstance(node.func, ast.Name):
            self._add(node, "only functions are called: write one of them before the parenthesis")
            return None
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            self._add(node, unknown_function(name))
            return None
        wanted = function.arguments
        if node.keywords or len(node.args) != len(wanted):
            number = "one argument" if len(wanted) == 1 else f"{len(wanted)} arguments"
            self._add(node, f"{name} takes {number}")
        else:
            self._arguments(name, node, wanted, depth)
        return function.returns

    def _arguments(self, name: str, node: ast.Call, wanted: Iterable[Kind], depth: int) -> None:
        for argument, kind in zip(node.args, wanted, strict=True):
            found = self._kind(argument, depth)
            if found not in (None, kind):
                self._add(argument, f"{name} needs {_name(kind)}, but this is {_name(found)}")
        for wrong, text in wrong_arguments(name, node, self._shared):
            self._add(wrong, text)
        if name == "matches":
            self._matches += 1
            # A lone surrogate in a name is nothing that RE2 can read, and a text may be too long.
            self._can_fail = True
            pattern = self._shared.pattern_of(node.args[-1])
            if isinstance(pattern, Pattern):
                self._patterns[pattern.text] = pattern


def _name(kind: Kind | None) -> str:
    return kind.value if kind is not None else "unknown"


class _TooLargeError(Exception):
    """The expression is over a bound; nothing more is looked at."""
