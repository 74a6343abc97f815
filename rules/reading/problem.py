"""A fault of one expression, and places in its text."""

from typing import NamedTuple

__all__ = ["Problem", "offset"]


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
