"""What is said about an account, as consumers read it."""

import math
from typing import Any, Final, NamedTuple

import orjson

from records.codec.bounds import (
    EPOCH_MS,
    LONGEST_ID,
    LONGEST_TOPIC,
    MOST_RULES,
    OFFSETS,
    PARTITIONS,
)
from records.codec.wire import WireRecord
from records.outcome import OUTCOMES, Outcome

_LONGEST_VALUE: Final = 65_536
"""Bytes. A verdict of ours has about 350; one that names each of 500 rules has 36,000."""
_MOST_REASONS: Final = MOST_RULES + 2
"""Every rule, `rule_error` and `veritas_declined`."""
_LONGEST_WORD: Final = 100
"""Characters of a token, a masked card, a rule's name, a key id or a version."""


def record_id(topic: str, partition: int, offset: int) -> str:
    """The id of the verdict or dead letter of one input record: unique for ever."""
    return f"{topic}-{partition}-{offset}"


class Verdict(WireRecord):
    """The judgement of one account.

    `id`, `topic`, `partition` and `offset` say which input it judges, `account` is the token of the
    card, `card` its mask. `reasons` is empty exactly when `authorized`, and `authorized` is true
    exactly when that is the `outcome`. `verified_at` is in milliseconds since the epoch. `key` is
    the id of the token's key (`records.token.key_id`); verdicts of version 0.1 have none.

    `rules` is the version of the rule set, `score` the points of its rules, `veritas` what Veritas
    answered (None: not asked), `allowed_by` the allow rule that decided, `shadow` the shadow rules
    that fired; the last two are not written where empty. Of a verdict without rules, as 0.2 and
    earlier wrote them, outcome and answer follow from `authorized` and `reasons`.
    """

    id: str
    topic: str
    partition: int
    offset: int
    account: str
    card: str
    amount: float
    authorized: bool
    reasons: tuple[str, ...]
    verified_at: int
    key: str = ""
    outcome: str = ""
    score: float = 0
    rules: str = ""
    veritas: bool | None = None
    allowed_by: str = ""
    shadow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # JSON knows lists only; what was written as a tuple is to be read back as one.
        self.reasons, self.shadow = tuple(self.reasons), tuple(self.shadow)
        if not self.outcome:
            self.outcome = _outcome_of(self.authorized)
            if self.veritas is None and (self.authorized or "veritas_declined" in self.reasons):
                self.veritas = self.authorized

    def to_representation(self) -> Any:
        """The fields as they are written."""
        fields = super().to_representation()
        optional = ("allowed_by", "shadow")
        return {name: fields[name] for name in fields if name not in optional or fields[name]}


def read_verdict(value: bytes | None) -> Verdict | None:
    """The verdict that a record of the verdicts topic holds; None when it holds none of ours.

    The one way to read what the topic holds, as anybody may write to it: every number of the
    result is finite and in its range (`records.codec.bounds`), every text has a length that can be
    shown, and unknown fields are dropped. What the texts say is not checked:
    `records.printable.text.shown` makes them fit for people.
    """
    if value is None or len(value) > _LONGEST_VALUE:
        return None
    try:
        verdict: Verdict = Verdict.from_data(orjson.loads(value))
    except ValueError:
        return None
    return verdict if _is_within_bounds(verdict) else None


class VerdictPlace(NamedTuple):
    """Which input a verdict judges, when, by the tokens of which key, and with which outcome."""

    id: str
    topic: str
    partition: int
    offset: int
    verified_at: int
    key: str
    outcome: str


def read_place(value: bytes | None) -> VerdictPlace | None:
    """The place of a verdict within the bounds of `read_verdict`, in a tenth of its time.

    For reading whole topics: it looks at nothing else, so it may return the place of a value whose
    other fields make it none of ours.
    """
    if value is None or len(value) > _LONGEST_VALUE:
        return None
    try:
        fields = orjson.loads(value)
        name, topic, at = fields["id"], fields["topic"], fields["verified_at"]
        partition, offset, key = fields["partition"], fields["offset"], fields.get("key", "")
        outcome = fields.get("outcome") or _outcome_of(fields["authorized"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    # In Python True is an int, and 1.0 is in a range.
    is_typed = type(partition) is type(offset) is type(at) is int
    if not (is_typed and type(name) is type(topic) is type(key) is str):
        return None
    if (
        outcome not in OUTCOMES
        or partition not in PARTITIONS
        or offset not in OFFSETS
        or at not in EPOCH_MS
    ):
        return None
    if len(topic) > LONGEST_TOPIC or len(name) > LONGEST_ID or len(key) > _LONGEST_WORD:
        return None
    return VerdictPlace(name, topic, partition, offset, at, key, outcome)


def _outcome_of(authorized: object) -> Outcome:
    """Of a verdict without rules."""
    return "authorized" if authorized is True else "unauthorized"


def _is_within_bounds(verdict: Verdict) -> bool:
    words = (verdict.account, verdict.card, verdict.key, verdict.rules, verdict.allowed_by)
    return (
        verdict.partition in PARTITIONS
        and verdict.offset in OFFSETS
        and verdict.verified_at in EPOCH_MS
        and math.isfinite(verdict.amount)
        and math.isfinite(verdict.score)
        and len(verdict.topic) <= LONGEST_TOPIC
        and len(verdict.id) <= LONGEST_ID
        and verdict.outcome in OUTCOMES
        and verdict.authorized is (verdict.outcome == "authorized")
        and all(len(word) <= _LONGEST_WORD for word in words)
        and _are_words(verdict.reasons)
        and _are_words(verdict.shadow)
    )


def _are_words(names: tuple[object, ...]) -> bool:
    return len(names) <= _MOST_REASONS and all(
        type(one) is str and len(one) <= _LONGEST_WORD for one in names
    )
