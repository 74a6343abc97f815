"""A verdict read back to be compared or explained, in a tenth of the time of `read_verdict`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from records.codec.bounds import EPOCH_MS, LONGEST_TOPIC, OFFSETS, PARTITIONS
from records.outcome import OUTCOMES

_LONGEST_VALUE: Final = 65_536


class RecordedVerdict(NamedTuple):
    """What a verdict says; every number is in its range.

    Anybody may write to the topic: what the texts say is not checked, but is at most 64 KiB in all.
    """

    topic: str
    partition: int
    offset: int
    #: The account token and the masked card.
    account: str
    card: str
    amount: float
    outcome: str
    reasons: tuple[str, ...]
    verified_at: int
    key: str
    score: float
    #: Version of the rule set; empty in a verdict of version 0.1, which had the built-in one only.
    rules: str
    #: None: Veritas was not asked.
    veritas: bool | None
    allowed_by: str
    shadow: tuple[str, ...]

    @property
    def id(self) -> str:
        """The id of the verdict and of the account that it judges."""
        return f"{self.topic}-{self.partition}-{self.offset}"


def read_recorded(value: bytes | None) -> RecordedVerdict | None:
    """The verdict in the value of a record; None when there is none of ours.

    What version 0.1 did not write is derived: the outcome from `authorized`, the answer of Veritas
    from the outcome and the reasons.
    """
    if value is None or len(value) > _LONGEST_VALUE:
        return None
    try:
        fields = orjson.loads(value)
        verdict = _verdict(fields)
        if fields["id"] != verdict.id or not _texts(verdict):
            return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return verdict if _is_sound(verdict) else None


def _verdict(fields: dict[str, Any]) -> RecordedVerdict:
    get = fields.get
    authorized, reasons = fields["authorized"], tuple(fields["reasons"])
    outcome = get("outcome") or ("authorized" if authorized is True else "unauthorized")
    return RecordedVerdict(
        fields["topic"],
        fields["partition"],
        fields["offset"],
        fields["account"],
        fields["card"],
        fields["amount"],
        outcome,
        reasons,
        fields["verified_at"],
        get("key", ""),
        get("score", 0),
        get("rules", ""),
        fields["veritas"] if "veritas" in fields else _derived(authorized, reasons),
        get("allowed_by", ""),
        tuple(get("shadow", ())),
    )


def _derived(authorized: object, reasons: tuple[str, ...]) -> bool | None:
    """What Veritas answered, where the verdict does not say so.

    Version 0.1 asked about accounts without a reason only.
    """
    if "veritas_declined" in reasons:
        return False
    return True if authorized is True else None


def _texts(verdict: RecordedVerdict) -> str:
    """All texts one after the other. Raises TypeError when one of them is something else."""
    v = verdict
    words = (v.topic, v.account, v.card, v.key, v.rules, v.allowed_by)
    return "".join((*words, *v.reasons, *v.shadow))


def _is_sound(verdict: Any) -> bool:
    # In Python True is an int, and 1.0 is in a range.
    return (
        type(verdict.partition) is type(verdict.offset) is type(verdict.verified_at) is int
        and verdict.partition in PARTITIONS
        and verdict.offset in OFFSETS
        and verdict.verified_at in EPOCH_MS
        and type(verdict.amount) in (int, float)
        and type(verdict.score) in (int, float)
        and verdict.outcome in OUTCOMES
        and (verdict.veritas is None or type(verdict.veritas) is bool)
        and len(verdict.topic) <= LONGEST_TOPIC
    )
