"""The newest verdicts of a card, for the page: a bounded search, by token alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from faust_transactions import Span

from cluster import ClusterError
from config import Settings
from lookup.bounded_read import BoundedRead
from lookup.spans import verdict_spans
from records.printable.shown_verdict import shown_verdict
from records.recorded import read_recorded

Answer = tuple[HTTPStatus, Mapping[str, Any]]

#: Verdicts of a card that are shown, records of the topic that are read, and seconds for it.
MOST_SHOWN: Final = 20
MOST_READ: Final = 200_000
LONGEST: Final = 10.0
#: Records of the first portion; each later one is twice as large.
_FIRST: Final = 50_000


class Newest:
    """Of one token, the newest verdicts among all records that are given to `add`."""

    def __init__(self, token: str) -> None:
        self.found = 0
        self._token = token
        # Records without it need no parsing.
        self._needle = orjson.dumps(token)
        self._entries: list[dict[str, Any]] = []

    def add(self, values: Iterable[bytes | None]) -> None:
        """Look at the values of some records."""
        for value in values:
            if value is None or self._needle not in value:
                continue
            verdict = read_recorded(value)
            if verdict is None or verdict.account != self._token:
                continue
            shown = shown_verdict(value)
            if shown is not None:
                self.found += 1
                self._entries.append(shown)
        self._entries.sort(key=lambda one: -one["at"])
        del self._entries[MOST_SHOWN:]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """As the page shows them among the last verdicts, newest first; 20 at most."""
        return self._entries


def newest_answers(settings: Settings, stop: Callable[[], bool]) -> Callable[[str], Answer]:
    """The function that answers `GET /verdicts/?token=`; it blocks for a second or two.

    503 while Kafka does not answer. ``stop`` ends it.
    """

    def answer(token: str) -> Answer:
        try:
            return HTTPStatus.OK, newest(settings, token, stop)
        except ClusterError as exc:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(exc)}

    return answer


def newest(settings: Settings, token: str, stop: Callable[[], bool]) -> dict[str, Any]:
    """Search the last 200,000 records of the verdicts topic, for ten seconds at most.

    The last ones first, so that the newest are found also where the time is not enough for all.
    `complete` is true when that was the whole topic. Raises ClusterError.
    """
    deadline = time.monotonic() + LONGEST
    topic, search, read = settings.verdicts_topic, Newest(token), 0
    whole = verdict_spans(settings, None, None)
    begins = {p: span.end for p, span in whole.items()}
    is_over = is_cut = False

    def over() -> bool:
        nonlocal is_over
        is_over = stop() or time.monotonic() > deadline
        return is_over

    for portion in newest_first(whole, MOST_READ):
        reading = BoundedRead(settings, {(topic, p): span for p, span in portion.items()})
        for batch in reading.batches(over):
            read += len(batch)
            search.add(record.value() for record in batch)
        begins = {p: span.begin for p, span in portion.items()}
        is_cut = is_cut or bool(reading.stopped_at)
        if is_over:
            break
    is_whole = begins == {p: span.begin for p, span in whole.items()}
    return {
        "token": token,
        "verdicts": search.entries,
        "found": search.found,
        "read": read,
        "complete": is_whole and not is_over and not is_cut,
    }


def newest_first(spans: Mapping[int, Span], most: int) -> Iterator[dict[int, Span]]:
    """The ends of these spans, `most` offsets in all, from the last ones back, in portions."""
    size = _FIRST
    while most > 0 and any(span.begin < span.end for span in spans.values()):
        portion = last_of(spans, min(size, most))
        yield portion
        spans = {p: Span(span.begin, portion[p].begin) for p, span in spans.items()}
        most -= size
        size *= 2


def last_of(spans: Mapping[int, Span], most: int) -> dict[int, Span]:
    """The ends of these spans: `most` offsets in all, as many of each."""
    share = most // max(1, len(spans))
    return {p: Span(max(span.begin, span.end - share), span.end) for p, span in spans.items()}
