"""A checked condition, and the patterns in it."""

from __future__ import annotations

import ast
from typing import Any, Final, NamedTuple

import re2

__all__ = ["Expression", "pattern"]

#: Bytes that a compiled pattern may take; RE2 refuses larger ones.
PATTERN_MEMORY: Final = 1 << 20


class Expression(NamedTuple):
    """A checked expression: it has only the nodes, names and types of the rule language."""

    tree: ast.expr
    #: The fields that it looks at.
    fields: frozenset[str]
    #: Whether evaluating it can fail for an account, as a division can.
    can_fail: bool
    #: Nodes of the tree, and how many patterns are among them.
    parts: int = 0
    patterns: int = 0


def pattern(text: str) -> Any:
    """A compiled pattern. RE2 takes time linear in the text, whatever the pattern.

    Raises re2.error, and UnicodeEncodeError for a lone surrogate.
    """
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(text, options)
