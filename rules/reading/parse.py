"""One `when`: parsed by Python's own parser, then checked node by node against a short list.

What passes has only the nodes, names and types of the rule language, so the compiled function can
neither reach anything of Python's nor run for long.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from rules.expression import Expression
from rules.reading.checker import Checker
from rules.reading.lexical import grouped_numbers, misread, of_other_languages, tokens_of
from rules.reading.literals import LARGEST_NUMBER
from rules.reading.problem import Problem, offset
from rules.reading.shared import Shared

__all__ = ["parse"]

#: Characters of one expression.
LONGEST: Final = 4_000


def parse(text: str, shared: Shared) -> Expression | list[Problem]:
    """Check one expression; ``shared`` is what the set's expressions share.

    Returns the faults, all that can be told apart, when there are any.
    """
    if len(text) > LONGEST:
        return [Problem(0, f"the expression has {len(text):,} characters; at most {LONGEST:,}")]
    if not text.strip():
        return [Problem(0, "the expression is empty")]
    if "\0" in text:
        return [Problem(text.index("\0"), "the expression contains a NUL character")]
    tokens = tokens_of(text)
    if problems := misread(text, tokens):
        return problems
    parsed = _parsed(text, tokens)
    return Checker(text, shared).check(parsed) if isinstance(parsed, ast.expr) else parsed


def _parsed(text: str, tokens: list[re.Match[str]]) -> ast.expr | list[Problem]:
    # On lines of its own, so that it may be written on several; the parentheses let it.
    wrapped = f"(\n{text}\n)"
    try:
        tree = ast.parse(wrapped, mode="eval").body
    except SyntaxError as exc:
        at = offset(text, (exc.lineno or 2) - 2, (exc.offset or 1) - 1)
        return of_other_languages(_without_strings(text, tokens), tokens) or [
            Problem(at, _syntax(exc))
        ]
    except (RecursionError, MemoryError):
        return [Problem(0, "the expression is nested too deeply")]
    except ValueError as exc:
        return [Problem(0, f"not an expression: {exc!s:.200}")]
    if tree.lineno < 2:  # it closes the parentheses that it did not open
        return grouped_numbers(_without_strings(text, tokens)) or [
            Problem(0, "parentheses do not match")
        ]
    return tree


def _without_strings(text: str, tokens: list[re.Match[str]]) -> str:
    """The text with a blank for each character of its strings: commas in these are no fault."""
    pieces, end = [], 0
    for token in tokens:
        if token["string"]:
            pieces += [text[end : token.start()], " " * len(token[0])]
            end = token.end()
    return "".join([*pieces, text[end:]])


def _syntax(exc: SyntaxError) -> str:
    if "too many nested parentheses" in exc.msg:
        return "the expression is nested too deeply"
    if "Exceeds the limit" in exc.msg:
        return f"a number is too large: at most {LARGEST_NUMBER:,}"
    return f"not an expression: {exc.msg:.200}"
