"""Every verdict held against what was published, and when."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from records import Verdict

#: The rule set of a number marks each verdict with a shadow rule that always fires, and sends
#: amounts above the number to review.
SOURCE = """
[[rule]]
name = "mark_{0}"
when = "amount == amount"
then = "review"
shadow = true

[[rule]]
name = "above_{0}"
when = "amount > {0}"
then = "review"
"""


@dataclass
class History:
    """Versions in the order of their publication; the first one is the built-in set."""

    #: When each began to be the active one, in ms since the epoch.
    begins: list[int] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    #: Version -> its number in `SOURCE`.
    numbers: dict[str, int] = field(default_factory=dict)

    def published(self, at: int, version: str, number: int | None = None) -> None:
        """Take a publication, in their order."""
        self.begins.append(at)
        self.versions.append(version)
        if number is not None:
            self.numbers[version] = number

    def age(self, at: int, version: str) -> int | None:
        """For how many ms the version had not been active at a time; None: it never had been."""
        for index in range(bisect_right(self.begins, at) - 1, -1, -1):
            if self.versions[index] == version:
                last = index + 1 == len(self.begins)
                return 0 if last else max(0, at - self.begins[index + 1])
        return None


class Verdicts:
    """Takes the verdicts of each partition in order, and counts what must not be."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.read = 0
        self.batches = 0
        #: Verdicts by a version that had never been active.
        self.never_active = 0
        #: Transactions with verdicts of several versions.
        self.mixed = 0
        #: Verdicts whose content is not that of the rules that they name.
        self.foreign = 0
        #: Longest time, in ms, for which a version was judged by after it had been replaced.
        self.oldest = 0
        #: Publication -> partition -> ms until its first verdict.
        self.first: dict[int, dict[int, int]] = defaultdict(dict)
        self.by_version: Counter[str] = Counter()
        self._last: dict[int, tuple[int, str]] = {}

    def note(self, partition: int, offset: int, verdict: Verdict) -> None:
        """Take one verdict. A transaction ends in a marker, which takes an offset of its own."""
        self.read += 1
        self.by_version[verdict.rules] += 1
        before, version = self._last.get(partition, (-2, ""))
        if offset != before + 1:
            self.batches += 1
        elif version != verdict.rules:
            self.mixed += 1
        self._last[partition] = offset, verdict.rules
        age = self.history.age(verdict.verified_at, verdict.rules)
        if age is None:
            self.never_active += 1
            return
        self.oldest = max(self.oldest, age)
        self.foreign += not self._is_by(verdict)
        if age == 0:
            self._note_first(partition, verdict)

    def _is_by(self, verdict: Verdict) -> bool:
        number = self.history.numbers.get(verdict.rules)
        if number is None:
            return not verdict.shadow
        names = {f"mark_{number}"} == set(verdict.shadow)
        above = f"above_{number}" in verdict.reasons
        others = set(verdict.reasons) - {f"above_{number}", "veritas_declined"}
        return names and not others and above == (verdict.amount > number)

    def _note_first(self, partition: int, verdict: Verdict) -> None:
        begins = self.history.begins
        publication = bisect_right(begins, verdict.verified_at) - 1
        seconds = verdict.verified_at - begins[publication]
        self.first[publication].setdefault(partition, seconds)

    def latencies(self) -> list[int]:
        """Per publication that was seen: ms until the last partition's first verdict by it."""
        return sorted(max(found.values()) for at, found in self.first.items() if at)
