"""Which dead letters to replay, decided without keeping them in memory."""

from collections.abc import Mapping

from cli.dead_letters.letters import Letter
from cli.dead_letters.selection import Selection
from cli.reading.id_set import IdSet
from records.replay import Replay


class Plan:
    """Two passes over all dead letters: `count` each, then `take` those to send, once per input.

    In between, `skip` the inputs that were replayed before. Unless `again`, it leaves out those,
    and what became a dead letter again after a replay. Of several dead letters of one input it
    takes the one that was replayed most often; at most `limit` in all. `ends` are those of the
    accounts' partitions. Memory: three bits per input, and an entry for each that was replayed
    before.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        again: bool,
        topic: str,
        ends: Mapping[int, int],
        limit: int | None = None,
    ) -> None:
        #: The selected ids that exist.
        self.found: set[str] = set()
        #: Earliest failure among those that may be sent, in ms since the epoch.
        self.since: int | None = None
        self._selection = selection
        self._again = again
        self._limit = limit
        #: Further dead letters with the id of another one.
        self.repeated = 0
        self._inputs, self._before, self._taken = (IdSet(topic, ends) for _ in range(3))
        self._left_out = 0
        self._times: dict[str, int] = {}

    def __len__(self) -> int:
        """Number of records to send."""
        number = self.selected
        return number if self._limit is None else min(number, self._limit)

    @property
    def selected(self) -> int:
        """Number of inputs to send, were there no limit."""
        return len(self._inputs) - self._left_out

    @property
    def taken(self) -> int:
        """Number of records that were taken so far."""
        return len(self._taken)

    @property
    def skipped(self) -> int:
        """Inputs of selected dead letters that were replayed before."""
        return len(self._before)

    def count(self, letter: Letter) -> None:
        """First pass."""
        if not self._selection(letter):
            return
        if self._selection.ids is not None:
            self.found.add(letter.id)
        if letter.replay is not None and not self._again:
            self._mark_replayed(letter.replay.origin)
            return
        origin, times = letter.next_replay
        if self._inputs.add(origin):
            self._left_out += origin in self._before
        elif letter.replay is None:
            self.repeated += 1
        if times > 1:
            self._times[origin] = max(times, self._times.get(origin, 1))
        if self.since is None or letter.failed_at < self.since:
            self.since = letter.failed_at

    def skip(self, origin: str) -> None:
        """Leave out this input, which was replayed before; ignores inputs that are not selected."""
        if origin in self._inputs:
            self._mark_replayed(origin)

    def take(self, letter: Letter) -> Replay | None:
        """Second pass: the replay to send for this letter, or None."""
        if self.taken >= len(self) or not self._selection(letter):
            return None
        if letter.replay is not None and not self._again:
            return None
        replay = letter.next_replay
        wanted = replay.origin in self._inputs and replay.origin not in self._before
        if not wanted or replay.times != self._times.get(replay.origin, 1):
            return None
        return replay if self._taken.add(replay.origin) else None

    def was_sent(self, replay: Replay) -> bool:
        """Whether the headers are those of a record that was taken."""
        same = replay.times == self._times.get(replay.origin, 1)
        return same and replay.origin in self._taken

    def _mark_replayed(self, origin: str) -> None:
        if self._before.add(origin):
            self._left_out += origin in self._inputs
