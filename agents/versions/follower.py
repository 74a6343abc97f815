"""Follows the rules topic: what was published last is what the next batch is judged by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

from agents.topics.follower import Reader, Record, TopicFollower
from records.printable.text import shown
from rules.selection import Refusal, select
from rules.versions.active import ActiveRules, RuleVersion, builtin

__all__ = ["RuleFollower"]

logger = logging.getLogger(__name__)


class RuleFollower(TopicFollower):
    """Activates each rule set that is published, and keeps the one before where it cannot.

    Compiles in a thread, so that judging goes on meanwhile. While the brokers are away the rules
    stay as they are.
    """

    def __init__(
        self, topic: str, active: ActiveRules, connect: Callable[[], Reader], **kwargs: Any
    ) -> None:
        super().__init__(topic, "the rules", connect, **kwargs)
        #: Why the last record of the topic is not the rule set that is judged by.
        self.refused: Refusal | None = None
        self._active = active

    @property
    def not_ready_reason(self) -> str | None:
        """Why judging is not by the rule set that was published last, or may not be; or None."""
        if self.failure is not None:
            return self.failure
        if not self.was_read:
            return f"reading the rules in topic {self.topic}"
        if self.refused is None or self.refused.is_foreign:
            return None
        return (
            f"judging by rules {self._active.current.version}, as {self.refused.what} in topic "
            f"{self.topic} cannot be used"
        )

    @property
    def health(self) -> tuple[Literal["ok", "warn", "bad"], str]:
        """Severity and a one-line summary."""
        reason = self.not_ready_reason
        if reason is not None:
            return ("bad" if self.refused else "warn"), reason
        version = f"version {self._active.current.version}"
        if self.refused is not None:
            return "warn", f"{version}; {self.refused.what} in topic {self.topic} is no rule set"
        return "ok", version

    async def settle(self, records: Sequence[Record], *, first: bool) -> bool:
        """Activate the last rule set among them; False when one that was read was deleted."""
        last: dict[bytes | None, tuple[int, bytes]] = {}
        for record in records:
            known = last.pop(record.key, None)
            if record.value is not None:
                last[record.key] = record.offset, record.value
            elif known is None and not first:
                return False
        found = await asyncio.to_thread(select, list(last.values()))
        version = found.version
        if first and not last:
            version = builtin()
        if version is not None:
            self._activate(version)
        self._log_refused(found.refused)
        self.refused = found.refused
        return True

    def _activate(self, version: RuleVersion) -> None:
        current = self._active.current
        same = (version.version, version.since) == (current.version, current.since)
        if not same:
            self._active.activate(version)
        if not same or not self.was_read:
            logger.info("judging by %s", _described(version))

    def _log_refused(self, refused: Refusal | None) -> None:
        if refused is None or refused == self.refused:
            return
        version = self._active.current.version
        remedy = "upgrade this worker, or publish rules that it can use, as by"
        if refused.is_foreign:
            remedy = "see who writes to the topic, and publish the rules again, as by"
        logger.error(
            "%s in topic %s cannot be used: %s. Judging goes on by rules %s: %s "
            "`rules rollback %s`",
            refused.what,
            self.topic,
            refused.why,
            version,
            remedy,
            version,
        )


def _described(version: RuleVersion) -> str:
    if version.since is None:
        return f"the built-in rules, version {version.version}"
    author, note = shown(version.author), shown(version.note, 200)
    by = f", published by {author}" if author else ""
    return f"rules {version.version}{by}" + (f": {note}" if note else "")
