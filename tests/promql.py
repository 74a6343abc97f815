"""What a PromQL expression reads, as far as a test needs it: no parser, the syntax used here."""

import re
from typing import NamedTuple

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"}


class Matcher(NamedTuple):
    """One `label="value"` of a selector."""

    metric: str
    label: str
    operator: str
    value: str

    def values(self) -> set[str]:
        """The values it names, also those of an `a|b`."""
        return set(self.value.split("|"))


def metrics(expression: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = _RANGE.sub(" ", _GROUPING.sub(" ", _STRING.sub('""', expression)))
    bare = re.sub(r"\{[^}]*\}", " ", bare)
    names = set()
    for match in _NAME.finditer(bare):
        after = bare[match.end() :].lstrip()
        before = bare[: match.start()]
        if match[0] not in _KEYWORDS and not after.startswith("(") and not before[-1:].isdigit():
            names.add(match[0])
    return names


def matchers(expression: str) -> list[Matcher]:
    """The matchers of all its selectors."""
    return [
        Matcher(name, *parts)
        for name, inside in _SELECTOR.findall(expression)
        for parts in _MATCHER.findall(inside)
    ]
