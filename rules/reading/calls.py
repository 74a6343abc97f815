"""The arguments of a function beyond their types: lists, patterns and parts of a text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.faults import did_you_mean
from rules.reading.comparisons import Wrong, wrong_part
from rules.reading.shared import Shared
from rules.reading.values import impossible
from rules.vocabulary import FUNCTIONS

__all__ = ["wrong_arguments"]


def wrong_arguments(name: str, node: ast.Call, shared: Shared) -> Iterator[Wrong]:
    """What is wrong with the arguments of a call that has the right number of them."""
    first, last = node.args[0], node.args[-1]
    if not FUNCTIONS[name].literal_last:
        yield from wrong_part(first, last)
    elif not isinstance(last, ast.Constant) or not isinstance(last.value, str):
        yield last, f"{name} needs a string written here, in quotes"
    elif name == "in_list":
        yield from _listed(first, last, last.value, shared)
    else:
        yield from _pattern(last, shared)


def _listed(field: ast.expr, last: ast.expr, name: str, shared: Shared) -> Iterator[Wrong]:
    if name not in shared.lists:
        hint = did_you_mean(name, shared.lists) or ": add it under [lists]"
        yield last, f"there is no list `{name:.64}`{hint}"
    elif isinstance(field, ast.Name) and (entry := shared.never_found(field.id, name)) is not None:
        yield last, f"never true for `{entry:.40}`: {impossible(field.id, entry)}"


def _pattern(last: ast.expr, shared: Shared) -> Iterator[Wrong]:
    why = shared.pattern_of(last)
    if isinstance(why, str):
        yield last, why
