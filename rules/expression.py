"""A checked condition."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from rules.pattern import Pattern

__all__ = ["Expression"]


class Expression(NamedTuple):
    """A checked expression: it has only the nodes, names and types of the rule language."""

    tree: ast.expr
    #: The fields that it looks at.
    fields: frozenset[str]
    #: Whether evaluating it can fail for an account, as a division can.
    can_fail: bool
    #: Nodes of the tree, and how many calls of `matches` are among them.
    parts: int = 0
    matches: int = 0
    #: The patterns of these.
    patterns: Mapping[str, Pattern] = {}
