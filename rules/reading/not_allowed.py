"""Error texts for nodes and names that the language does not have: what to write instead."""

from __future__ import annotations

import ast
from typing import Final

from rules.faults import did_you_mean
from rules.reading.lexical import instead_of
from rules.vocabulary import FIELDS, FUNCTIONS

__all__ = ["not_allowed", "unknown_field", "unknown_function"]

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


def not_allowed(node: ast.expr) -> str:
    """Error text for a node that the language does not have."""
    return _NOT_ALLOWED.get(type(node), "this is not allowed in a rule")


def unknown_field(name: str) -> str:
    """Error text for a name that is not a field."""
    if name in FUNCTIONS:
        return f"`{name}` is a function: write {name}(…)"
    if name.lower() in ("true", "false"):
        return f"`{name}` is not allowed: write the condition, or not before it"
    return f"unknown field `{name:.64}`{did_you_mean(name, FIELDS)}"


def unknown_function(name: str) -> str:
    """Error text for an unknown function."""
    if name in ("count", "total", "distinct_names"):
        return f"`{name}` needs velocity windows, which this version does not have"
    if ours := instead_of(name):
        return f"write {ours} instead of {name}"
    return f"unknown function `{name:.64}`{did_you_mean(name, FUNCTIONS)}"
