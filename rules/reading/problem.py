"""The faults of one expression, and their places in its text."""

import ast
from typing import NamedTuple

__all__ = ["Problem", "Problems", "offset"]


class Problem(NamedTuple):
    """What is wrong; ``offset`` counts characters from the expression's beginning."""

    offset: int
    text: str


def offset(text: str, line: int, column: int) -> int:
    """The offset of a line and column (both from 0, columns in characters) of the text."""
    lines = text.split("\n")
    if line < 0:
        return 0
    if line >= len(lines):
        return len(text)
    return sum(len(each) + 1 for each in lines[:line]) + min(column, len(lines[line]))


class Problems:
    """Collects the faults of an expression, each at a node of its syntax tree.

    The tree must be that of the text with one line in front of it (`rules.reading.parse`).
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._found: list[Problem] = []

    def add(self, node: ast.expr, text: str) -> None:
        """Record what is wrong with a node."""
        self._found.append(Problem(self._offset(node), text))

    def in_order(self) -> list[Problem]:
        """The faults, sorted by their places in the text."""
        return sorted(self._found)

    def start_of(self, node: ast.expr) -> str:
        """The first two characters of the node's text."""
        at = self._offset(node)
        return self._text[at : at + 2]

    def _offset(self, node: ast.expr) -> int:
        line = node.lineno - 2
        column = 0
        if 0 <= line < len(self._lines):
            column = len(self._lines[line].encode()[: node.col_offset].decode(errors="ignore"))
        return offset(self._text, line, column)
