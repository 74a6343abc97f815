"""From a judged account to the bytes of its verdict, without making a `Verdict` first."""

from typing import Any

import orjson

from records.outcome import Outcome


class VerdictEncoder:
    """Writes the verdicts of one batch; for the hot path.

    What all of them share is written out once, and so is what those with the same judgement share:
    few, whatever the size of the batch. The result is that of `Verdict(...).dumps()`.
    """

    def __init__(self, topic: str, partition: int, verified_at: int, key: str, rules: str) -> None:
        # As JSON, without the quotes, as the offset follows in the same string.
        self._id = orjson.dumps(f"{topic}-{partition}-")[:-1]
        self._place = b'","topic":%b,"partition":%d,"offset":' % (orjson.dumps(topic), partition)
        self._verified_at, self._key, self._rules = verified_at, key, rules

    def ending(
        self,
        outcome: Outcome,
        reasons: tuple[str, ...],
        score: float,
        veritas: bool | None,
        allowed_by: str | None,
        shadow: tuple[str, ...],
    ) -> bytes:
        """The end of every verdict with this judgement, for `encode`."""
        fields: dict[str, Any] = {
            "authorized": outcome == "authorized",
            "reasons": reasons,
            "verified_at": self._verified_at,
            "key": self._key,
            "outcome": outcome,
            "score": score,
            "rules": self._rules,
            "veritas": veritas,
        }
        if allowed_by:
            fields["allowed_by"] = allowed_by
        if shadow:
            fields["shadow"] = shadow
        return b"," + orjson.dumps(fields)[1:]

    def encode(
        self, offset: int, account: bytes, card: bytes, amount: float, ending: bytes
    ) -> bytes:
        """The verdict of one account; ``account`` and ``card`` are the token and the mask.

        Both are ASCII without anything that JSON escapes.
        """
        return b'{"id":%b%d%b%d,"account":"%b","card":"%b","amount":%b%b' % (
            self._id,
            offset,
            self._place,
            offset,
            account,
            card,
            orjson.dumps(amount),
            ending,
        )
