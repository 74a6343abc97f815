"""What Python's parser passes over, or says in words of Python: checked on an expression's text."""

from __future__ import annotations

import re
from typing import Final

from rules.reading.problem import Problem

__all__ = ["grouped_numbers", "instead_of", "misread", "of_other_languages", "tokens_of"]

# Strings without their last quotation marks.
_LONG: Final = (r'"{3} (?: [^"\\] | \\. | "(?!"") )*+', r"'{3} (?: [^'\\] | \\. | '(?!'') )*+")
_SHORT: Final = (r'" (?!"") (?: [^"\\\n] | \\. )*+', r"' (?!'') (?: [^'\\\n] | \\. )*+")
# A prefix is a word of its own: `or"a"` is a word and a string. `open` is a string without an end:
# if it did not match, the search would begin again at each quotation mark in it.
_TOKEN: Final = re.compile(
    rf"""
    (?P<comment> \#[^\n]* )
    | (?P<string> (?: (?<!\w) (?P<prefix>[rbuf]{{1,2}}) )?
        (?: {_LONG[0]} "{{3}} | {_LONG[1]} '{{3}} | {_SHORT[0]} " | {_SHORT[1]} ' ) )
    | (?P<open> {_LONG[0]} | {_LONG[1]} | {_SHORT[0]} | {_SHORT[1]} )
    | (?P<glued> (?<![\w.]) [\d_.]+ (?= (?:and|or|in|is|if|else|not|for)\b ) )
    | (?P<foreign> && | \|\| | <> | ! (?!=) | (?<![=!<>:]) = (?!=) )
    | (?P<word> (?<![\w.]) (?:and|or|not|in|like|ilike|between) (?!\w) )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_BLANKS: Final = " \t\n\f\\"
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
#: Escapes that mean the same in a string and in a pattern, or that no pattern has.
_ESCAPES: Final = "\\'\"\nnrtxuU"
_OURS: Final = {"&&": "and", "||": "or", "<>": "!=", "!": "not", "=": "=="}
_WORDS: Final = {
    **{word: word for word in ("and", "or", "not", "in")},
    **dict.fromkeys(("like", "ilike"), "matches, startswith, endswith or contains"),
    "between": "two comparisons, such as 1 < amount < 9,",
}
#: A number with a comma before each three digits, which Python takes for two numbers.
_GROUPED: Final = re.compile(r"(?<![\w.,\"'])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,\"'])")


def tokens_of(text: str) -> list[re.Match[str]]:
    """What is looked at here of an expression's text."""
    return list(_TOKEN.finditer(text))


def misread(text: str, tokens: list[re.Match[str]]) -> list[Problem]:
    """What Python takes, with a warning at most, for something else than was meant."""
    problems = []
    end = -1  # of the last string, and of comments and blanks behind it
    for token in tokens:
        if token["string"] or token["comment"]:
            is_next = end >= 0 and not text[end : token.start()].strip(_BLANKS)
            if is_next and token["string"]:
                problems.append(Problem(token.start(), "a comma is missing before this string"))
            if is_next or token["string"]:
                end = token.end()
        if token["glued"]:
            problems.append(Problem(token.start(), f"a blank is missing after {token[0]:.20}"))
        elif token["string"] and "r" not in (token["prefix"] or "").lower():
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


def of_other_languages(text: str, tokens: list[re.Match[str]]) -> list[Problem]:
    """Operators, words and numbers that are no Python, for an expression that does not parse."""
    problems = grouped_numbers(text)
    for token in tokens:
        ours = _OURS.get(token[0]) if token["foreign"] else None
        if token["word"]:
            ours = instead_of(token[0])
        if ours:
            said = f"not an expression: write {ours} instead of {token[0]}"
            problems.append(Problem(token.start(), said))
    return problems


def instead_of(word: str) -> str | None:
    """What to write instead of a word of SQL; None for another, and for one that is right."""
    ours = _WORDS.get(word.lower())
    return None if ours == word else ours


def grouped_numbers(text: str) -> list[Problem]:
    """Numbers such as 1,000, but for entries of a list."""
    return [
        Problem(found.start(), f"a number has no commas: write {found[0].replace(',', '')}")
        for found in _GROUPED.finditer(text)
        if text.count("[", 0, found.start()) == text.count("]", 0, found.start())
    ]
