"""Dead letters as an operator sees them: which input, when and why, never its content."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.support.bounded_read import BoundedRead, Place, Record, headers_of
from cli.support.record_ids import printable_id
from cluster import topic_spans
from config.settings import Settings
from records import DeadLetter
from records.replay import REPLAY_COUNT, REPLAY_OF, Replay, replay_in
from records.text import shown

_LONGEST_DETAIL = 200
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its bytes, and its place (topic, partition and offset)."""

    id: str
    code: str
    detail: str
    failed_at: int
    replay: Replay | None
    value_bytes: int | None
    place: Place
    offset: int

    @property
    def next_replay(self) -> Replay:
        """What the record that replays this one says of itself."""
        if self.replay is None:
            return Replay(self.id, 1)
        return Replay(self.replay.origin, self.replay.times + 1)

    def document(self) -> dict[str, Any]:
        """As JSON; times in ms since the epoch."""
        return {
            "id": self.id,
            "error": self.code,
            "detail": self.detail,
            "failed_at": self.failed_at,
            "value_bytes": self.value_bytes,
            REPLAY_OF: None if self.replay is None else self.replay.origin,
            REPLAY_COUNT: 0 if self.replay is None else self.replay.times,
        }


Wanted = Callable[[Letter], bool]
"""Whether a dead letter is selected (`cli.dead_letters.selection.Selection`)."""


class Letters:
    """The dead letters up to now, to be read as often as wanted. `foreign` counts others' records.

    Each reading goes to the same end: what comes later is in none of them.
    """

    def __init__(self, settings: Settings) -> None:
        topic = settings.dead_letters_topic
        self.foreign = 0
        self._settings = settings
        self._spans = {(topic, p): span for p, span in topic_spans(settings, topic).items()}

    def __iter__(self) -> Iterator[Letter]:
        """A partition's in order. Raises ClusterError."""
        return (letter for letter, _ in self.with_records())

    def with_records(self) -> Iterator[tuple[Letter, Record]]:
        """The same, each with the record that it is."""
        self.foreign = 0
        for batch in BoundedRead(self._settings, self._spans).batches():
            for record in batch:
                letter = letter_of(record, self._settings.accounts_topic)
                if letter is None:
                    self.foreign += 1
                else:
                    yield letter, record


def letter_of(message: Record, accounts_topic: str) -> Letter | None:
    """The letter that a message is; None when it is none of ours."""
    headers = headers_of(message)
    try:
        letter = DeadLetter.from_message(None, None, headers)
    except ValueError:
        return None
    value = message.value()
    return Letter(
        # Headers come from the topic: anybody may have written anything into them.
        id=printable_id(letter.id, accounts_topic),
        code=shown(letter.code, _LONGEST_CODE),
        detail=shown(letter.detail, _LONGEST_DETAIL),
        failed_at=letter.failed_at,
        replay=replay_in(headers, accounts_topic),
        value_bytes=None if value is None else len(value),
        place=(message.topic(), message.partition()),
        offset=message.offset(),
    )
