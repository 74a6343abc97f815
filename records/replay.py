"""The two headers of a record that failed once and was replayed by hand."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from records.card import holds_card_number, scrub

REPLAY_OF: Final = "replay_of"
"""Header of a replayed record: the id of the input that failed first."""

REPLAY_COUNT: Final = "replay_count"
"""Header of a replayed record: how often that input was replayed, this time included."""

# An offset of twelve digits is a trillion records away, and could be a card number. No cluster
# holds a topic of ten thousand partitions. Numbers of ours have no zeros in front.
_PARTITION, _OFFSET = "(0|[1-9][0-9]{0,3})", "(0|[1-9][0-9]{0,10})"
_NUMBERS = re.compile(f"-{_PARTITION}-{_OFFSET}")
_ANY_ID = re.compile(f"[a-zA-Z0-9._-]{{1,249}}-{_PARTITION}-{_OFFSET}")
_COUNT = re.compile(rb"[1-9][0-9]{0,8}")
_LONGEST_ID = 249 + 1 + 4 + 1 + 11


class Replay(NamedTuple):
    """Which input was replayed, and which replay of it that is."""

    origin: str
    times: int

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers that say so."""
        return [(REPLAY_OF, self.origin.encode()), (REPLAY_COUNT, b"%d" % self.times)]


def replay_in(headers: Iterable[tuple[str, bytes | None]], accounts_topic: str) -> Replay | None:
    """The replay that the headers describe; None where they describe none, or none that is valid.

    Anybody may have written the headers, so the result is short and holds no card number. The
    origin is an id that `is_id` accepts and `holds_a_card` does not; the count is 1 to 999,999,999.
    Where partition and offset have twelve digits or more together, one of our own ids in ten looks
    like a card number: that replay is not recognized. Never raises.
    """
    found = dict(headers)
    origin, times = found.get(REPLAY_OF) or b"", found.get(REPLAY_COUNT) or b""
    if len(origin) > _LONGEST_ID or not _COUNT.fullmatch(times):
        return None
    name = origin.decode("ascii", "replace")
    if not is_id(name, accounts_topic) or holds_a_card(name):
        return None
    return Replay(name, int(times))


def is_id(text: str, accounts_topic: str) -> bool:
    """Whether this can be the id of one of our records and nothing that must not be shown.

    The id of another topic's record may be one too, unless it looks as if it held a card number;
    with the topic of our own that look is chance.
    """
    if text.startswith(accounts_topic) and _NUMBERS.fullmatch(text, len(accounts_topic)):
        return True
    return _ANY_ID.fullmatch(text) is not None and scrub(text) == text


def holds_a_card(record_id: str) -> bool:
    """Whether the digits of partition and offset, whoever chose them, have a card among them.

    The topic's name is the operator's choice, and its digits are not looked at.
    """
    _, partition, offset = record_id.rsplit("-", 2)
    return holds_card_number(partition + offset)
