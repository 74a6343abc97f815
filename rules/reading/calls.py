"""The arguments of a function beyond their types: lists, patterns and parts of a text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import re2

from rules.expression import pattern
from rules.faults import did_you_mean
from rules.reading.comparisons import Wrong, value_of
from rules.reading.values import impossible, is_possible, longest
from rules.vocabulary import FUNCTIONS

__all__ = ["Lists", "unknown_function", "wrong_arguments"]


class Lists:
    """The lists that expressions may name."""

    def __init__(self, values: Mapping[str, frozenset[str]]) -> None:
        self.values = values
        self._impossible: dict[tuple[str, str], str | None] = {}

    def never_found(self, field: str, name: str) -> str | None:
        """The first entry of the list that the field can never equal, or None."""
        key = (field, name)
        if key not in self._impossible:
            wrong = (each for each in self.values[name] if not is_possible(field, each))
            self._impossible[key] = min(wrong, default=None)
        return self._impossible[key]


def wrong_arguments(name: str, node: ast.Call, lists: Lists) -> Iterator[Wrong]:
    """What is wrong with the arguments of a call that has the right number of them."""
    first, last = node.args[0], node.args[-1]
    if not FUNCTIONS[name].literal_last:
        yield from _part(first, last)
    elif not isinstance(last, ast.Constant) or not isinstance(last.value, str):
        yield last, f"{name} needs a string written here, in quotes"
    elif name == "in_list":
        yield from _listed(first, last, last.value, lists)
    else:
        yield from _pattern(last, last.value)


def _part(whole: ast.expr, part: ast.expr) -> Iterator[Wrong]:
    """A part that is longer than the whole."""
    most = longest(whole.id) if isinstance(whole, ast.Name) else None
    text = value_of(part)
    if most is not None and isinstance(text, str) and len(text) > most:
        yield part, f"never true: it is longer than the {most} characters before it"


def _listed(field: ast.expr, last: ast.expr, name: str, lists: Lists) -> Iterator[Wrong]:
    if name not in lists.values:
        hint = did_you_mean(name, lists.values) or ": add it under [lists]"
        yield last, f"there is no list `{name:.64}`{hint}"
    elif isinstance(field, ast.Name) and (entry := lists.never_found(field.id, name)) is not None:
        yield last, f"never true for `{entry:.40}`: {impossible(field.id, entry)}"


def _pattern(last: ast.expr, text: str) -> Iterator[Wrong]:
    try:
        pattern(text)
    except re2.error as exc:
        yield last, f"not a pattern that RE2 takes: {_first_line(exc)}"
    except UnicodeEncodeError:  # of a lone surrogate, which is a fault of any string
        return


def unknown_function(name: str) -> str:
    """What to say of a function that there is not."""
    if name in ("count", "total", "distinct_names"):
        return f"`{name}` needs velocity windows, which this version does not have"
    return f"unknown function `{name:.64}`{did_you_mean(name, FUNCTIONS)}"


def _first_line(exc: Exception) -> str:
    said = exc.args[0] if exc.args else exc
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return text.splitlines()[0][:200] if text else "unknown error"
