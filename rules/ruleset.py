"""A rule set: read from TOML, checked as a whole, with a version that names what it decides."""

from __future__ import annotations

import ast
import hashlib
import json
from typing import Any

from rules.faults import RuleSetError
from rules.reading.document import Document, read
from rules.reading.lists import ReadFile
from rules.reading.toml import parsed, size_of
from rules.rule import (
    LONGEST_NOTE,
    MOST_BYTES,
    OUTCOMES,
    Outcome,
    Rule,
    RuleSet,
    Thresholds,
)

__all__ = [
    "LONGEST_NOTE",
    "MOST_BYTES",
    "OUTCOMES",
    "Outcome",
    "ReadFile",
    "Rule",
    "RuleSet",
    "RuleSetError",
    "Thresholds",
    "load",
]


def load(source: str, read_file: ReadFile | None = None) -> RuleSet:
    """Read and check a rule set; ``read_file`` gives the text of a list file by its name.

    Raises RuleSetError with every fault that can be told apart, the first hundred of them; nothing
    else, whatever the source.
    """
    text, values = parsed(source)
    document = read(text, values, read_file, size_of(source))
    version = _version(document)
    return RuleSet(
        document.rules, document.thresholds, document.lists, version, source, document.files
    )


def _version(document: Document) -> str:
    """A hash of the canonical form: the same for sets that differ in layout and notes only."""
    thresholds = document.thresholds
    canonical = {
        "thresholds": [thresholds.review, thresholds.unauthorized],
        "lists": {name: sorted(values) for name, values in sorted(document.lists.items())},
        "rules": [
            [rule.name, _plain(rule.expression.tree), rule.then, rule.points, rule.shadow]
            for rule in document.rules
        ],
    }
    text = json.dumps(canonical, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=6, person=b"rule-set").hexdigest()


def _plain(node: ast.AST) -> list[Any]:
    """The tree of an expression as lists of texts and numbers, the same on every Python.

    `ast.unparse` and `ast.dump` print a string by `repr`: it escapes what the Unicode tables of its
    Python call unprintable. They also print some nodes otherwise than the release before.
    """
    match node:
        case ast.Constant(value=value):
            return ["constant", value]
        case ast.Name(id=name):
            return ["name", name]
        case ast.Compare(ops=ops):
            head = ["compare", *(type(op).__name__ for op in ops)]
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.UnaryOp(op=op):
            head = [type(op).__name__]
        case _:  # a call or a list
            head = [type(node).__name__]
    inner = ast.iter_child_nodes(node)
    return [*head, *(_plain(each) for each in inner if isinstance(each, ast.expr))]
