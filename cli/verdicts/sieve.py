"""Picks the verdicts that are looked for out of the records of the topic. No Kafka."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cli.verdicts.query import Query
from records.printable.text import shown
from records.printable.untrusted_names import count_name
from records.recorded import RecordedVerdict, read_recorded
from records.verdict import read_place


class Sieve:
    """For one search, of any number of records.

    Most records are left out by their bytes alone; only what may match is parsed. With ``key``, the
    id of the token key that the query's token was made with, it counts verdicts of other keys.
    """

    def __init__(self, query: Query, key: str | None = None) -> None:
        #: Records that were looked at, and verdicts that matched.
        self.read = self.found = 0
        self._query = query
        self._needles, self._refusals = query.needles, query.refusals
        self._key = key
        self._other_keys: Counter[str] = Counter()
        # As the worker lays it out. What is laid out otherwise is parsed.
        self._of_key = None if key is None else b'"key":"%b"' % key.encode()

    def pick(self, values: Iterable[bytes | None]) -> list[RecordedVerdict]:
        """The verdicts among these values that match, in their order."""
        found = []
        of_key = self._of_key
        for value in values:
            self.read += 1
            if value is None:
                continue
            if of_key is not None and of_key not in value:
                self._count_key(value)
            if self._may_match(value):
                verdict = read_recorded(value)
                if verdict is not None and self._query(verdict):
                    found.append(verdict)
        self.found += len(found)
        return found

    def _may_match(self, value: bytes) -> bool:
        for needle in self._needles:
            if needle not in value:
                return False
        for refusal in self._refusals:  # noqa: SIM110 - in half of the time of any()
            if refusal in value:
                return False
        return True

    @property
    def other_keys(self) -> dict[str, int]:
        """Id of another token key -> verdicts of it, the most first; "" for those without one."""
        # Anybody may have written it.
        return {shown(key): number for key, number in self._other_keys.most_common()}

    def _count_key(self, value: bytes) -> None:
        place = read_place(value)
        if place is not None and place.key != self._key:
            count_name(self._other_keys, place.key)
