"""The published rule sets as the commands name them: by version, its beginning, or `builtin`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cli.support.errors import CommandError
from records.printable.text import shown
from rules.faults import RuleSetError
from rules.versions.active import builtin
from rules.versions.publication import Entry, Publication

__all__ = ["BUILTIN", "active", "builtin_publication", "find", "usable"]

BUILTIN: Final = "builtin"
_SHORTEST: Final = 4


def builtin_publication() -> Publication:
    """The built-in rule set as if it had been published at the beginning of time."""
    version = builtin()
    return Publication(
        version.version, version.compiled.rule_set.source, 0, note="the built-in rules"
    )


def usable(publication: Publication | None) -> bool:
    """Whether a worker of this program's version can judge by it."""
    if publication is None:
        return False
    try:
        publication.rule_set()
    except RuleSetError:
        return False
    return True


def active(entries: Sequence[Entry]) -> Publication:
    """What workers of this program's version judge by: the last one that they can use."""
    found = (each.publication for each in reversed(entries))
    return next((each for each in found if each and usable(each)), builtin_publication())


def find(entries: Sequence[Entry], wanted: str) -> Publication:
    """The last publication of a version; at least four of its digits suffice where only one fits.

    Raises CommandError.
    """
    if wanted == BUILTIN:
        return builtin_publication()
    known = {each.publication.version: each.publication for each in entries if each.publication}
    known.setdefault(builtin().version, builtin_publication())
    fitting = [
        version
        for version in known
        if version == wanted or (len(wanted) >= _SHORTEST and version.startswith(wanted))
    ]
    if len(fitting) > 1:
        raise CommandError(f"several versions begin with {wanted}: {', '.join(sorted(fitting))}")
    if not fitting:
        raise CommandError(f"no version {shown(wanted)}: `rules list` shows them")
    return known[fitting[0]]
