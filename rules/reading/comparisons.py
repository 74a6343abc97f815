"""What two sides of a comparison have to be, so that it can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.reading.values import impossible, impossible_length, impossible_order
from rules.vocabulary import Kind

__all__ = ["Sides", "Wrong", "never_holds", "unlike", "value_of"]

_ORDERED: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)

#: The same comparison with its sides exchanged.
_TURNED: Final[dict[type[ast.cmpop], ast.cmpop]] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
}

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
    """Values written in the expression that what is beside them never has."""
    for field, op, written in (
        (sides.left, sides.op, sides.right),
        (sides.right, _TURNED.get(type(sides.op), sides.op), sides.left),
    ):
        if why := _out_of_range(field, op, value_of(written)):
            yield written, f"never true: {why}"
        if not isinstance(field, ast.Name) or not isinstance(op, ast.Eq | ast.In):
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


def _out_of_range(side: ast.expr, op: ast.cmpop, value: object) -> str | None:
    if not isinstance(value, int | float):
        return None
    match side:
        case ast.Name(id=field) if not isinstance(op, ast.Eq):
            return impossible_order(field, op, value)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=field)]):
            return impossible_length(field, op, value)
        case ast.Call(func=ast.Name(id="len")):
            return impossible_length("", op, value)
    return None


def value_of(node: ast.expr) -> str | int | float | None:
    """The value of a string or number, with its sign; None for anything else."""
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None
