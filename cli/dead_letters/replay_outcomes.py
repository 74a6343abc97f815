"""What becomes of replays: judged, or dead letters again."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from faust_transactions import Span

from cli.dead_letters.letters import letter_of
from cluster import topic_spans
from cluster.reading.offsets import Isolation
from cluster.reading.rows import Rows
from config import Settings
from lookup.bounded_read import BoundedRead
from records.replay import Replay

#: Seconds without a judged record in any partition that is waited for. A worker that was killed is
#: replaced within FRAUD_SESSION_TIMEOUT.
STALLED = 60.0
_PAUSE = 0.2


class Outcomes:
    """Finds out what the workers made of records that were sent to the accounts topic.

    Verdicts do not say that their account was a replay, and dead letters do. So a record is done
    when its partition's row is past it, and what failed is read from the dead letters. Only those
    are looked at that were written after this was made; `is_ours` tells by the headers.
    """

    def __init__(self, settings: Settings, is_ours: Callable[[Replay], bool]) -> None:
        self._settings = settings
        self._is_ours = is_ours
        self._next = {partition: span.end for partition, span in self._spans().items()}

    def wait(
        self, ends: Mapping[int, int], stop: threading.Event, stalled: float = STALLED
    ) -> bool:
        """Wait until the accounts below these ends are judged; True when they are.

        False when `stop` is set, or nothing was judged for `stalled` seconds. Raises ClusterError.
        """
        last, since = -1, time.monotonic()
        with Rows(self._settings) as committed:
            while not stop.is_set():
                rows = committed.look()
                at = {
                    p: min(end, rows[p].next_offset) if p in rows else 0 for p, end in ends.items()
                }
                if at == ends:
                    return True
                if (done := sum(at.values())) != last:
                    last, since = done, time.monotonic()
                elif time.monotonic() - since > stalled:
                    return False
                stop.wait(_PAUSE)
        return False

    def failed(self) -> Counter[str]:
        """By code, those of ours that became dead letters since the last call."""
        # To the end of the log: the dead letters of a row that is visible may not be so yet.
        ends = {p: span.end for p, span in self._spans("read_uncommitted").items()}
        topic = self._settings.dead_letters_topic
        spans = {(topic, p): Span(self._next.get(p, 0), end) for p, end in ends.items()}
        codes: Counter[str] = Counter()
        for batch in BoundedRead(self._settings, spans).batches():
            for record in batch:
                letter = letter_of(record, self._settings.accounts_topic)
                if letter is not None and letter.replay and self._is_ours(letter.replay):
                    codes[letter.code] += 1
        self._next = ends
        return codes

    def _spans(self, isolation: Isolation = "read_committed") -> Mapping[int, Span]:
        return topic_spans(self._settings, self._settings.dead_letters_topic, isolation)
