"""A rule set: read from TOML, checked as a whole, with a version that names what it decides."""

from __future__ import annotations

import ast
import hashlib
import json

from rules.faults import RuleSetError
from rules.reading.document import Document, read
from rules.reading.lists import ReadFile
from rules.reading.toml import parsed
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
    document = read(text, values, read_file)
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
            [rule.name, ast.unparse(rule.expression.tree), rule.then, rule.points, rule.shadow]
            for rule in document.rules
        ],
    }
    text = json.dumps(canonical, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=6, person=b"rule-set").hexdigest()
