"""Which dead letters are to be replayed, decided without having them in memory."""

from collections.abc import Mapping

from cli.dead_letters.letters import Letter, Selection
from cli.reconcile.id_set import IdSet
from records.replay import Replay


class Plan:
    """Is shown all dead letters twice: first it counts, then it says what to send, once each.

    In between it is told which inputs were replayed before; unless `again` these are left out, and
    so is what came back because it failed again. Of several dead letters of one input it takes one
    that was replayed most often. `ends` are those of the accounts' partitions. It takes three bits
    for each input, and an entry for each that was replayed before or is in another topic.
    """

    def __init__(
        self, selection: Selection, *, again: bool, topic: str, ends: Mapping[int, int]
    ) -> None:
        #: The ids that were asked for and are there.
        self.found: set[str] = set()
        #: When the first of those that may be sent failed, in ms since the epoch.
        self.since: int | None = None
        self._selection = selection
        self._again = again
        self._came_back = 0
        self._inputs, self._done, self._taken = (IdSet(topic, ends) for _ in range(3))
        self._times: dict[str, int] = {}

    def __len__(self) -> int:
        """Records to be sent."""
        return len(self._inputs) - len(self._done)

    @property
    def left_out(self) -> int:
        """Dead letters that fit the selection, but were replayed before."""
        return self._came_back + len(self._done)

    def count(self, letter: Letter) -> None:
        """The first showing."""
        if not self._selection(letter):
            return
        if self._selection.ids is not None:
            self.found.add(letter.id)
        if letter.replay is not None and not self._again:
            self._came_back += 1
            return
        origin, times = letter.next_replay
        self._inputs.add(origin)
        if times > 1:
            self._times[origin] = max(times, self._times.get(origin, 1))
        if self.since is None or letter.failed_at < self.since:
            self.since = letter.failed_at

    def leave_out(self, origin: str) -> None:
        """This input was replayed before, somebody says; nothing happens if it is not meant."""
        if origin in self._inputs:
            self._done.add(origin)

    def take(self, letter: Letter) -> Replay | None:
        """The second showing: what the record to be sent is, or None for none."""
        if not self._selection(letter) or (letter.replay is not None and not self._again):
            return None
        replay = letter.next_replay
        wanted = replay.origin in self._inputs and replay.origin not in self._done
        if not wanted or replay.times != self._times.get(replay.origin, 1):
            return None
        return replay if self._taken.add(replay.origin) else None
