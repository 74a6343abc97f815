"""What two sides of a comparison have to be, so that it can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.reading.values import impossible
from rules.vocabulary import Kind

__all__ = ["Sides", "Wrong", "never_holds", "unlike", "value_of"]

_ORDERED: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)

#: A node that is wrong and what is wrong with it.
Wrong = tuple[ast.expr, str]


class Sides(NamedTuple):
    """One operator and what stands on its sides; a chain of comparisons has several."""

    op: ast.cmpop
    left: ast.expr
    right: ast.expr


def unlike(sides: Sides, one: Kind, other: Kind) -> Wrong | None:
    """Why values of these two types cannot be compared so; None where they can."""
    op = sides.op
    if isinstance(op, ast.In | ast.NotIn):
        if other is not one.listed and not (one is other is Kind.TEXT):
            return sides.left, f"never true: {one.value} is not in {other.value}"
    elif isinstance(op, ast.Is | ast.IsNot):
        return sides.right, "`is` is not allowed: write == or !="
    elif one is not other:
        return sides.left, f"{one.value} cannot be compared with {other.value}"
    elif isinstance(op, _ORDERED) and one not in (Kind.NUMBER, Kind.TEXT):
        return sides.left, f"{one.value} has no order: write == or !="
    elif one in (Kind.NUMBERS, Kind.TEXTS):
        return sides.left, "lists are not compared: write in"
    return None


def never_holds(sides: Sides) -> Iterator[Wrong]:
    """Values written in the expression that the field beside them never has."""
    if not isinstance(sides.op, ast.Eq | ast.In):
        return
    for field, written in ((sides.left, sides.right), (sides.right, sides.left)):
        if not isinstance(field, ast.Name):
            continue
        if isinstance(written, ast.List):
            items = written.elts
        else:
            # `bin in "411111 422222"` looks for a part of the text.
            items = [] if isinstance(sides.op, ast.In) else [written]
        for item in items:
            value = value_of(item)
            if value is not None and (why := impossible(field.id, value)):
                yield item, f"never true: {why}"


def value_of(node: ast.expr) -> str | int | float | None:
    """The value of a string or number, with its sign; None for anything else."""
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None
