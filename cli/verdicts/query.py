"""Which verdicts are looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import click
import orjson

from records.outcome import OUTCOMES, Outcome
from records.recorded import RecordedVerdict

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Query:
    """Verdicts that match every criterion given. Times in ms since the epoch, inclusive."""

    id: str | None = None
    token: str | None = None
    since: int | None = None
    until: int | None = None
    outcome: Outcome | None = None
    reason: str | None = None

    def __call__(self, verdict: RecordedVerdict) -> bool:
        """Whether the verdict matches."""
        return (
            (self.id is None or verdict.id == self.id)
            and (self.token is None or verdict.account == self.token)
            and (self.since is None or verdict.verified_at >= self.since)
            and (self.until is None or verdict.verified_at <= self.until)
            and (self.outcome is None or verdict.outcome == self.outcome)
            and (self.reason is None or self.reason in verdict.reasons)
        )

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Strings of JSON that every matching verdict contains, so that others need no parsing.

        Of the outcomes only review: version 0.1 had no such, and did not write the others. JSON in
        which letters are escaped that need not be is not found; no worker writes such.
        """
        review = "review" if self.outcome == "review" else None
        texts = (self.token, self.id, self.reason, review)
        return tuple(orjson.dumps(text) for text in texts if text is not None)

    @property
    def refusals(self) -> tuple[bytes, ...]:
        """Bytes of JSON as the worker lays it out that no matching verdict contains.

        Quotation marks inside a text are escaped, so no text can contain them.
        """
        if self.outcome is None:
            return ()
        return tuple(b'"outcome":"%b"' % each.encode() for each in OUTCOMES if each != self.outcome)


class TokenParameter(click.ParamType):
    """An account token."""

    name = "token"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it; the usage error does not repeat it, as it may be a card number."""
        token = value.lower()
        if not _TOKEN.fullmatch(token):
            self.fail("a token is 32 hex digits; for a card number use --card", param, ctx)
        return token


class ReasonParameter(click.ParamType):
    """A reason of verdicts: a rule's name, `rule_error` or `veritas_declined`."""

    name = "reason"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it; the usage error does not repeat it."""
        if not _REASON.fullmatch(value):
            self.fail("a reason is a rule's name, such as card_checksum", param, ctx)
        return value
