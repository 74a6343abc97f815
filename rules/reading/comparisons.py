"""What two sides of a comparison have to be, so that it can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.reading.values import impossible, impossible_length, impossible_order, impossible_part
from rules.vocabulary import Kind

__all__ = ["Sides", "Wrong", "never_holds", "unlike", "value_of", "wrong_part"]

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
        if isinstance(op, ast.Eq):
            yield from _unequal(field, [written])
    if isinstance(sides.op, ast.In):
        yield from _not_in(sides.left, sides.right)


def _not_in(left: ast.expr, right: ast.expr) -> Iterator[Wrong]:
    if isinstance(right, ast.List):
        yield from _unequal(left, right.elts)
        for item in right.elts:
            if why := _out_of_range(left, ast.Eq(), value_of(item)):
                yield item, f"never true: {why}"
    else:  # a part of a text
        yield from wrong_part(right, left)


def _unequal(field: ast.expr, written: list[ast.expr]) -> Iterator[Wrong]:
    """Which of these the field never equals."""
    if not isinstance(field, ast.Name):
        return
    for each in written:
        value = value_of(each)
        if value is not None and (why := impossible(field.id, value)):
            yield each, f"never true: {why}"


def wrong_part(whole: ast.expr, part: ast.expr) -> Iterator[Wrong]:
    """A part that no value of the field has."""
    text = value_of(part)
    if (
        isinstance(whole, ast.Name)
        and isinstance(text, str)
        and (why := impossible_part(whole.id, text))
    ):
        yield part, f"never true: {why}"


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
        case ast.UnaryOp(op=ast.UAdd(), operand=ast.Constant(value=int() | float() as value)):
            return value
    return None
