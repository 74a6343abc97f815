"""What is wrong with a rule set: where, in which rule, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple

from records.card import scrub_fault

#: Names that are compared: how long, and how many known ones. Comparing two takes time that grows
#: with the square of their length, and a file may have a hundred unknown names and lists.
LONGEST_NAME: Final = 32
MOST_NAMES: Final = 20

__all__ = ["Fault", "RuleSetError", "did_you_mean"]


class Fault(NamedTuple):
    """One fault of a rule file. Lines and columns count from 1."""

    line: int
    column: int
    #: The rule's name, or the table that is none, as it is written (`[lists]`).
    rule: str
    text: str

    def __str__(self) -> str:
        named = self.rule if self.rule.startswith("[") else f"rule {self.rule}"
        where = f"{named}: " if self.rule else ""
        return f"{self.line}:{self.column}: {where}{self.text}"


class RuleSetError(Exception):
    """A rule set that cannot be used, with all of its faults in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        # They quote the file, in which a card number may have been written in escapes.
        masked = (each._replace(text=scrub_fault(each.text)) for each in faults)
        self.faults = tuple(sorted(masked))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``: did you mean `amount`?`` when a known name is close, else the empty string."""
    if len(name) > LONGEST_NAME:
        return ""
    like = [each for each in known if abs(len(each) - len(name)) <= len(name) // 2]
    if len(like) > MOST_NAMES:  # then those that begin alike
        like.sort(key=lambda each: -_in_common(each, name))
    close = get_close_matches(name, like[:MOST_NAMES], n=1)
    return f": did you mean `{close[0]}`?" if close else ""


def _in_common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
