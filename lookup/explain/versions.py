"""The rule set that a verdict names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rules.compiled import CompiledRules
from rules.faults import RuleSetError
from rules.versions.active import RuleVersion, builtin
from rules.versions.publication import Publication

#: Compiled versions that are kept.
_KEPT: Final = 20


class Versions:
    """Finds rule sets by their version; a version never changes, so those found are kept.

    ``publications`` reads those that there are, oldest first; it is called where a version is not
    known yet, and may raise ClusterError.
    """

    def __init__(self, publications: Callable[[], Sequence[Publication]]) -> None:
        self._publications = publications
        self._builtin = builtin()
        self._found: dict[str, RuleVersion] = {}

    def find(self, version: str) -> RuleVersion | None:
        """The version; None where it is not known, or cannot be compiled here.

        Without a name it is the built-in one, by which version 0.1 judged.
        """
        if version in ("", self._builtin.version):
            return self._builtin
        if version not in self._found:
            compiled = self._compiled(version)
            if compiled is None:
                return None
            if len(self._found) >= _KEPT:
                self._found.pop(next(iter(self._found)))
            self._found[version] = compiled
        return self._found[version]

    def _compiled(self, version: str) -> RuleVersion | None:
        # Of several publications of one set, the first.
        for each in self._publications():
            if each.version == version:
                try:
                    compiled = CompiledRules(each.rule_set())
                except RuleSetError:
                    return None
                return RuleVersion(compiled, version, each.published_at, each.author, each.note)
        return None
