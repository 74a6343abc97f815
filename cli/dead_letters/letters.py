"""Dead letters as an operator sees them: which input, when and why, never its content."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from faust_transactions import headers_of

from cli.support.numbers import dead_letters
from cluster import topic_spans
from config import Settings
from lookup.bounded_read import BoundedRead, Place, Record
from records import DeadLetter
from records.printable.text import shown
from records.printable.untrusted_names import count_name, printable_id
from records.replay import REPLAY_COUNT, REPLAY_OF, Replay, replay_in

_LONGEST_DETAIL = 200
_LONGEST_CODE = 60
_LONGEST_TOPIC = 249


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its bytes, and its place (topic, partition and offset)."""

    id: str
    code: str
    detail: str
    #: Accounts topic of the input, as the headers say.
    topic: str
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


class Letters:
    """The dead letters of this stream up to now, to be read as often as wanted.

    Each reading ends at the same offsets. It counts what the topic holds: `own` is the number of
    dead letters of this stream, `other_streams` has those of other accounts topics by topic,
    `foreign` is the number of records that are not dead letters. `others_named` has those of
    `named` that are of another stream, and its topic.
    """

    def __init__(self, settings: Settings, named: Collection[str] = ()) -> None:
        topic = settings.dead_letters_topic
        self.own = 0
        self.foreign = 0
        self.other_streams: Counter[str] = Counter()
        self.others_named: dict[str, str] = {}
        self._named = named
        self._settings = settings
        self._spans = {(topic, p): span for p, span in topic_spans(settings, topic).items()}

    def __iter__(self) -> Iterator[Letter]:
        """The letters of a partition in order. Raises ClusterError."""
        return (letter for letter, _ in self.with_records())

    def with_records(self) -> Iterator[tuple[Letter, Record]]:
        """The same, each with its record."""
        self.own = self.foreign = 0
        self.other_streams.clear()
        for batch in BoundedRead(self._settings, self._spans).batches():
            for record in batch:
                letter = letter_of(record, self._settings.accounts_topic)
                if letter is None:
                    self.foreign += 1
                elif letter.topic == self._settings.accounts_topic:
                    self.own += 1
                    yield letter, record
                else:
                    self._count_other(letter)

    @property
    def none(self) -> str:
        """One line for the operator that says that no dead letter was selected."""
        if self.own:
            return f"None of {dead_letters(self.own)} matches."
        return "No dead letters."

    def _count_other(self, letter: Letter) -> None:
        topic = shown(letter.topic, _LONGEST_TOPIC)
        count_name(self.other_streams, topic)
        if letter.id in self._named:
            self.others_named[letter.id] = topic


def letter_of(message: Record, accounts_topic: str) -> Letter | None:
    """The dead letter that a record holds, of whichever stream; None when it holds none."""
    headers = headers_of(message)
    try:
        letter = DeadLetter.from_message(None, None, headers)
    except ValueError:
        return None
    value = message.value()
    return Letter(
        # Any producer may have written the headers.
        id=printable_id(letter.id, accounts_topic),
        code=shown(letter.code, _LONGEST_CODE),
        detail=shown(letter.detail, _LONGEST_DETAIL),
        topic=letter.topic,
        failed_at=letter.failed_at,
        replay=replay_in(headers, accounts_topic),
        value_bytes=None if value is None else len(value),
        place=(message.topic(), message.partition()),
        offset=message.offset(),
    )
