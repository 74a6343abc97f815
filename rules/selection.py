"""Which of the published rule sets a worker judges by: the last one that it can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from records.printable.text import shown
from rules.compiled import CompiledRules
from rules.faults import RuleSetError
from rules.versions.active import RuleVersion
from rules.versions.publication import Publication, is_meant_as_publication, read_publication

__all__ = ["Refusal", "Selection", "select"]

_LONGEST_WHY: Final = 300


class Refusal(NamedTuple):
    """A record that cannot be judged by."""

    offset: int
    #: A version, or what the record is instead.
    what: str
    why: str
    #: True for a record that was never meant as a rule set, so that none is missing.
    is_foreign: bool = False


class Selection(NamedTuple):
    """What follows from new records of the rules topic."""

    #: The rule set to judge by from now on; None: the one before.
    version: RuleVersion | None
    #: Why the last record is not the one that is judged by; None when it is.
    refused: Refusal | None


def select(records: Sequence[tuple[int, bytes]]) -> Selection:
    """The last usable one among these records (offset and value), in their order.

    Compiles what it selects, which may take a second.
    """
    refused: Refusal | None = None
    for offset, value in reversed(records):
        found = _usable(offset, value)
        if not isinstance(found, Refusal):
            return Selection(found, refused)
        refused = refused or found
    return Selection(None, refused)


def _usable(offset: int, value: bytes) -> RuleVersion | Refusal:
    publication = read_publication(value)
    if publication is None:
        meant = is_meant_as_publication(value)
        why = "it is a rule set in a form of another program" if meant else "it is no rule set"
        return Refusal(offset, f"the record at offset {offset}", why, is_foreign=not meant)
    try:
        return _compiled(publication)
    except RuleSetError as exc:
        why = _explain(exc)
    except Exception as exc:  # noqa: BLE001 - anybody may write to the topic, judging goes on
        why = f"it cannot be compiled ({type(exc).__name__})"
    program = f" (published by fraud_app {publication.program})" if publication.program else ""
    what = f"rules {publication.version}"
    return Refusal(offset, what, shown(f"{why}{program}", _LONGEST_WHY))


def _compiled(publication: Publication) -> RuleVersion:
    return RuleVersion(
        CompiledRules(publication.rule_set()),
        publication.version,
        since=publication.published_at,
        author=publication.author,
        note=publication.note,
    )


def _explain(error: RuleSetError) -> str:
    first = str(error.faults[0])
    others = len(error.faults) - 1
    return f"{first}; and {others} more faults" if others else first
