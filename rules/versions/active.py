"""The rule set that this worker judges by, and who made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rules.compiled import CompiledRules
from rules.ruleset import load

__all__ = ["ActiveRules", "RuleVersion", "builtin"]

_BUILTIN: Final = Path(__file__).parents[1] / "builtin.toml"


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A compiled rule set with its history."""

    compiled: CompiledRules
    version: str
    #: When it was published, in ms since the epoch; None for the built-in set.
    since: int | None = None
    author: str = ""
    note: str = ""


class ActiveRules:
    """The version that is active now. Who needs one version throughout reads ``current`` once.

    Not for use from several threads.
    """

    def __init__(self, initial: RuleVersion) -> None:
        self._current = initial
        self._followers: list[Callable[[RuleVersion], None]] = []

    @property
    def current(self) -> RuleVersion:
        """The version to judge the next batch by."""
        return self._current

    def activate(self, version: RuleVersion) -> None:
        """Judge by this version from now on; work that has begun keeps its own."""
        self._current = version
        for follower in self._followers:
            follower(version)

    def follow(self, follower: Callable[[RuleVersion], None]) -> None:
        """Call it with the version that is active, and with each that is activated from now on."""
        self._followers.append(follower)
        follower(self._current)


def builtin() -> RuleVersion:
    """The rule set that is active while none was published; reads ``rules/builtin.toml``."""
    rule_set = load(_BUILTIN.read_text(encoding="utf-8"))
    return RuleVersion(CompiledRules(rule_set), rule_set.version, note="built-in")
