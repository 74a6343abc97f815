"""The longest time without a verdict, and the table of what was measured. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tools.bench.support.figures import table

LEAVE, JOIN = "leave", "join"


@dataclass(frozen=True)
class Restart:
    """A worker that left or joined: the longest time (s) without a verdict in each partition."""

    event: str
    worker: str
    pauses: Sequence[float]


def longest_pause(moments: Sequence[float], since: float, until: float) -> float:
    """The longest time between two of the moments, as far as it reaches behind `since`.

    The moments are in order. The time from the last one to `until` counts as well; what was before
    `since` counts only as the beginning of a pause that lasts beyond it.
    """
    longest, end = 0.0, until
    for moment in reversed(moments):
        longest = max(longest, end - moment)
        if moment < since:
            return longest
        end = moment
    return max(longest, end - since)


def report(restarts: Sequence[Restart]) -> str:
    """Medians and the worst, for leaving and for joining."""
    rows = []
    for event in (LEAVE, JOIN):
        own = [restart.pauses for restart in restarts if restart.event == event]
        if not own:
            continue
        every = [pause for pauses in own for pause in pauses]
        longest = [max(pauses) for pauses in own]
        figures = (median(every), median(longest), max(longest))
        rows.append([event, str(len(own)), *(f"{figure:.2f}" for figure in figures)])
    headers = ["a worker's", "restarts", "median", "longest: median", "worst"]
    title = "seconds that a partition stood still; longest: of all partitions at one restart"
    return f"{title}\n\n{table(headers, rows)}"
