"""What Python's parser passes over, or says in words of Python: checked on an expression's text."""

from __future__ import annotations

import re
from typing import Final

from rules.reading.problem import Problem

__all__ = ["misread", "of_other_languages"]

_TOKEN: Final = re.compile(
    r"""
    (?P<comment> \#[^\n]* )
    | (?P<string> (?<!\w) (?P<prefix>[rbuf]{0,2})
        (?: \"{3} (?: [^"\\] | \\. | "(?!"") )*+ \"{3}
          | '{3} (?: [^'\\] | \\. | '(?!'') )*+ '{3}
          | " (?: [^"\\\n] | \\. )*+ "
          | ' (?: [^'\\\n] | \\. )*+ '
        ) )
    | (?P<glued> (?<![\w.]) [\d_.]+ (?= (?:and|or|in|is|if|else|not|for)\b ) )
    | (?P<foreign> && | \|\| | <> | ! (?!=) | (?<![=!<>:]) = (?!=) )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
#: Escapes that mean the same in a string and in a pattern, or that no pattern has.
_ESCAPES: Final = "\\'\"\nnrtxuU"
_OURS: Final = {"&&": "and", "||": "or", "<>": "!=", "!": "not", "=": "=="}


def misread(text: str) -> list[Problem]:
    """What Python takes, with a warning at most, for something else than was meant."""
    problems = []
    for token in _TOKEN.finditer(text):
        if token["glued"]:
            problems.append(Problem(token.start(), f"a blank is missing after {token[0]:.20}"))
        elif token["string"] and "r" not in token["prefix"].lower():
            problems += _escapes(token)
    return problems


def _escapes(token: re.Match[str]) -> list[Problem]:
    r"""`\b` is a backspace and `\d` a backslash and a d: both are patterns without an r."""
    return [
        Problem(
            token.start() + escape.start(),
            rf"`\{escape[1]}` is no character: write r before the quote of a pattern",
        )
        for escape in _ESCAPE.finditer(token["string"])
        if escape[1] not in _ESCAPES
    ]


def of_other_languages(text: str) -> list[Problem]:
    """Operators that are no Python, for an expression that does not parse."""
    return [
        Problem(token.start(), f"not an expression: write {_OURS[token[0]]} instead of {token[0]}")
        for token in _TOKEN.finditer(text)
        if token["foreign"]
    ]
