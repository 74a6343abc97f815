"""One `when`: parsed by Python's own parser, then checked node by node against a short list.

Nothing is evaluated here. What passes has only the nodes, names and types of the rule language, so
the compiled function can neither reach anything of Python's nor run for long.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

import re2

from rules.faults import did_you_mean
from rules.vocabulary import FIELDS, FUNCTIONS, Kind

__all__ = ["Expression", "Problem", "parse"]

#: Bounds of one expression: characters, nodes of the syntax tree, their depth, characters of a
#: string in it, and the largest number.
LONGEST: Final = 4_000
MOST_NODES: Final = 500
DEEPEST: Final = 40
LONGEST_TEXT: Final = 1_000
LARGEST_NUMBER: Final = 10**15
#: Bytes that a compiled pattern may take; RE2 refuses larger ones.
PATTERN_MEMORY: Final = 1 << 20

_ORDERED: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ARITHMETIC: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
#: What people write first when they come from Python, and what to write instead.
_NOT_ALLOWED: Final[dict[type[ast.AST], str]] = {
    ast.Attribute: "attributes are not allowed: write a function, such as lower(first_name)",
    ast.Subscript: "subscripts are not allowed: write startswith, endswith or contains",
    ast.IfExp: "if … else is not allowed: write two rules",
    ast.Lambda: "lambda is not allowed",
    ast.JoinedStr: "f-strings are not allowed",
    ast.NamedExpr: "assignments are not allowed",
    ast.Dict: "dictionaries are not allowed",
    ast.Set: "sets are not allowed: write a list",
    ast.Tuple: "tuples are not allowed: write a list, [ … ]",
    ast.Starred: "* is not allowed here",
    ast.ListComp: "comprehensions are not allowed",
    ast.SetComp: "comprehensions are not allowed",
    ast.DictComp: "comprehensions are not allowed",
    ast.GeneratorExp: "comprehensions are not allowed",
}


class Problem(NamedTuple):
    """A fault of an expression; ``offset`` counts characters from its beginning."""

    offset: int
    text: str


class Expression(NamedTuple):
    """A checked expression."""

    tree: ast.expr
    #: The fields that it looks at.
    fields: frozenset[str]
    #: Whether evaluating it can fail for an account, as a division can.
    can_fail: bool


def parse(text: str, lists: Collection[str]) -> Expression | list[Problem]:
    """Check one expression; ``lists`` are the names that ``in_list`` may use.

    Returns the faults, all that can be told apart, when there are any.
    """
    if len(text) > LONGEST:
        return [Problem(0, f"the expression has {len(text):,} characters; at most {LONGEST:,}")]
    if not text.strip():
        return [Problem(0, "the expression is empty")]
    if "\0" in text:
        return [Problem(text.index("\0"), "the expression contains a NUL character")]
    # On lines of its own, so that it may be written on several; the parentheses let it.
    wrapped = f"(\n{text}\n)"
    try:
        tree = ast.parse(wrapped, mode="eval").body
    except SyntaxError as exc:
        return [Problem(_offset(text, (exc.lineno or 2) - 2, (exc.offset or 1) - 1), _syntax(exc))]
    except (RecursionError, MemoryError):
        return [Problem(0, "the expression is nested too deeply")]
    except ValueError as exc:
        return [Problem(0, f"not an expression: {exc}")]
    if tree.lineno < 2:  # it closes the parentheses that it did not open
        return [Problem(0, "parentheses do not match")]
    checker = _Checker(text, lists)
    return checker.check(tree)


def _syntax(exc: SyntaxError) -> str:
    if "too many nested parentheses" in exc.msg:
        return "the expression is nested too deeply"
    if "Exceeds the limit" in exc.msg:
        return f"a number is too large: at most {LARGEST_NUMBER:,}"
    return f"not an expression: {exc.msg}"


def _offset(text: str, line: int, column: int) -> int:
    """The offset of a line and column (both from 0, columns in characters) of the text."""
    lines = text.split("\n")
    if line < 0:
        return 0
    if line >= len(lines):
        return len(text)
    return sum(len(each) + 1 for each in lines[:line]) + min(column, len(lines[line]))


class _Checker:
    """Walks one syntax tree; `None` stands for a type that a fault left unknown."""

    def __init__(self, text: str, lists: Collection[str]) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._lists = lists
        self._problems: list[Problem] = []
        self._fields: set[str] = set()
        self._nodes = 0
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
            self._tell(tree, f"a rule needs a condition, but this is {_name(kind)}")
        if self._problems:
            return sorted(self._problems)
        return Expression(tree, frozenset(self._fields), self._can_fail)

    def _tell(self, node: ast.expr, text: str) -> None:
        line = node.lineno - 2
        column = 0
        if 0 <= line < len(self._lines):
            column = len(self._lines[line].encode()[: node.col_offset].decode(errors="ignore"))
        self._problems.append(Problem(_offset(self._text, line, column), text))

    def _kind(self, node: ast.expr, depth: int) -> Kind | None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _TooLargeError(f"the expression has over {MOST_NODES} parts: split the rule")
        if depth > DEEPEST:
            raise _TooLargeError("the expression is nested too deeply")
        check = self._checks.get(type(node))
        if check is None:
            self._tell(node, _NOT_ALLOWED.get(type(node), "this is not allowed in a rule"))
            return None
        return check(node, depth + 1)

    def _constant(self, node: ast.Constant, _depth: int) -> Kind | None:
        value = node.value
        if isinstance(value, bool):
            self._tell(
                node, "True and False are not allowed: write the condition, or not before it"
            )
            return None
        if isinstance(value, str):
            if len(value) > LONGEST_TEXT:
                self._tell(node, f"a string is longer than {LONGEST_TEXT:,} characters")
            return Kind.TEXT
        if isinstance(value, int | float):
            if not abs(value) <= LARGEST_NUMBER:
                self._tell(node, f"a number is too large: at most {LARGEST_NUMBER:,}")
            return Kind.NUMBER
        self._tell(node, f"{value!r:.20} is not allowed: write numbers, strings or lists of them")
        return None

    def _named(self, node: ast.Name, _depth: int) -> Kind | None:
        kind = FIELDS.get(node.id)
        if kind is None:
            if node.id in FUNCTIONS:
                self._tell(node, f"`{node.id}` is a function: write {node.id}(…)")
            elif node.id in ("true", "false"):
                self._tell(
                    node, f"`{node.id}` is not allowed: write the condition, or not before it"
                )
            else:
                self._tell(node, f"unknown field `{node.id}`{did_you_mean(node.id, FIELDS)}")
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
            self._tell(node, f"`{word}` needs conditions, but this is {_name(kind)}")

    def _unary(self, node: ast.UnaryOp, depth: int) -> Kind | None:
        if isinstance(node.op, ast.Not):
            self._condition(node.operand, "not", depth)
            return Kind.TRUTH
        if isinstance(node.op, ast.Invert):
            self._tell(node, "~ is not allowed: write not")
            return None
        return self._number(node.operand, "-" if isinstance(node.op, ast.USub) else "+", depth)

    def _number(self, node: ast.expr, sign: str, depth: int) -> Kind | None:
        kind = self._kind(node, depth)
        if kind in (None, Kind.NUMBER):
            return kind
        self._tell(node, f"`{sign}` needs numbers, but this is {_name(kind)}")
        return None

    def _binary(self, node: ast.BinOp, depth: int) -> Kind | None:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None:
            self._tell(node, "this operator is not allowed: write + - * / or %")
            return None
        if isinstance(node.op, ast.Div | ast.Mod):
            self._can_fail = True
        kinds = {self._number(node.left, sign, depth), self._number(node.right, sign, depth)}
        return None if None in kinds else Kind.NUMBER

    def _compare(self, node: ast.Compare, depth: int) -> Kind:
        left, left_kind = node.left, self._kind(node.left, depth)
        for op, right in zip(node.ops, node.comparators, strict=True):
            right_kind = self._kind(right, depth)
            if left_kind is not None and right_kind is not None:
                self._pair(op, left, left_kind, right, right_kind)
            left, left_kind = right, right_kind
        return Kind.TRUTH

    def _pair(self, op: ast.cmpop, left: ast.expr, one: Kind, right: ast.expr, other: Kind) -> None:
        if isinstance(op, ast.In | ast.NotIn):
            if other is not one.listed and not (one is other is Kind.TEXT):
                self._tell(left, f"never true: {_name(one)} is not in {_name(other)}")
        elif isinstance(op, ast.Is | ast.IsNot):
            self._tell(right, "`is` is not allowed: write == or !=")
        elif one is not other:
            self._tell(left, f"{_name(one)} cannot be compared with {_name(other)}")
        elif isinstance(op, _ORDERED) and one not in (Kind.NUMBER, Kind.TEXT):
            self._tell(left, f"{_name(one)} has no order: write == or !=")
        elif one in (Kind.NUMBERS, Kind.TEXTS):
            self._tell(left, "lists are not compared: write in")

    def _list(self, node: ast.List, depth: int) -> Kind | None:
        kinds = {self._item(item, depth) for item in node.elts}
        if None in kinds:
            return None
        if len(kinds) != 1:
            text = "a list is all numbers or all strings" if kinds else "the list is empty"
            self._tell(node, text)
            return None
        (kind,) = kinds
        return kind.listed if kind is not None else None

    def _item(self, node: ast.expr, depth: int) -> Kind | None:
        plain = node.operand if isinstance(node, ast.UnaryOp) else node
        if not isinstance(plain, ast.Constant):
            self._tell(node, "a list holds numbers or strings only")
            return None
        return self._kind(node, depth)

    def _call(self, node: ast.Call, depth: int) -> Kind | None:
        if not isinstance(node.func, ast.Name):
            return self._kind(node.func, depth)  # which says what is wrong with it
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            self._tell(node, _unknown_function(name))
            return None
        wanted = function.arguments
        if node.keywords or len(node.args) != len(wanted):
            number = "one argument" if len(wanted) == 1 else f"{len(wanted)} arguments"
            self._tell(node, f"{name} takes {number}")
            return function.returns
        for argument, kind in zip(node.args, wanted, strict=True):
            found = self._kind(argument, depth)
            if found not in (None, kind):
                self._tell(argument, f"{name} needs {_name(kind)}, but this is {_name(found)}")
        if function.literal_last:
            self._literal(name, node.args[-1])
        return function.returns

    def _literal(self, function: str, node: ast.expr) -> None:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            self._tell(node, f"{function} needs a string written here, in quotes")
        elif function == "in_list":
            if node.value not in self._lists:
                hint = did_you_mean(node.value, self._lists) or ": add it under [lists]"
                self._tell(node, f"there is no list `{node.value:.64}`{hint}")
        else:
            self._can_fail = True  # a lone surrogate in a name is nothing that RE2 can read
            try:
                pattern(node.value)
            except re2.error as exc:
                self._tell(node, f"not a pattern that RE2 takes: {_first_line(exc)}")


def pattern(text: str) -> Any:
    """A compiled pattern. RE2 takes time linear in the text, whatever the pattern."""
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(text, options)


def _unknown_function(name: str) -> str:
    if name in ("count", "total", "distinct_names"):
        return f"`{name}` needs velocity windows, which this version does not have"
    return f"unknown function `{name:.64}`{did_you_mean(name, FUNCTIONS)}"


def _first_line(exc: Exception) -> str:
    said = exc.args[0] if exc.args else exc
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return text.splitlines()[0][:200] if text else "unknown error"


def _name(kind: Kind | None) -> str:
    return kind.value if kind is not None else "unknown"


class _TooLargeError(Exception):
    """The expression is over a bound; nothing more is looked at."""
