"""The documents that the web answers with, made of the state alone."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from web.history import Sample
from web.state import Row, WebState

_COUNTS = ("authorized", "unauthorized", "dead_letters", "next_offset")
_PULSE = 5
_NOTHING = dict.fromkeys(_COUNTS, 0)


def counts(state: WebState) -> dict[str, Any]:
    """The public document of `/verdicts/`: the totals of the group, and each partition's."""
    rows = state.feed.rows
    partitions = {str(number): _counts(rows.get(number)) for number in _partitions(state)}
    sums = {name: sum(one[name] for one in partitions.values()) for name in _COUNTS}
    return {
        "authorized": sums["authorized"],
        "unauthorized": sums["unauthorized"],
        "total": sums["authorized"] + sums["unauthorized"],
        "dead_letters": sums["dead_letters"],
        "partitions": partitions,
    }


def sample(state: WebState) -> Sample:
    """The totals now, for the history."""
    now = counts(state)
    return Sample(time.time(), now["authorized"], now["unauthorized"], now["dead_letters"])


def dashboard(state: WebState) -> dict[str, Any]:
    """All that the page shows; its shape is the page's business and may change with it."""
    rows = state.feed.rows
    partitions = [_partition(state, number) for number in _partitions(state)]
    lags = [one["lag"] for one in partitions if one["lag"] is not None]
    return {
        # Coarse, so that a page gets a document every 5 s even when nothing else changes.
        "at": int(time.time()) // _PULSE * _PULSE * 1000,
        "worker": state.worker,
        "version": state.app_version,
        "counts": counts(state),
        "lag": sum(lags) if lags else None,
        "partitions": partitions,
        "reasons": _summed(row.reasons for row in rows.values()),
        "codes": _summed(row.codes for row in rows.values()),
        "conditions": _conditions(state),
        "history": state.history.document(),
        "recent": list(state.recent.verdicts),
    }


def _partitions(state: WebState) -> list[int]:
    """Those the accounts topic has, as far as known, and any that has a row."""
    return sorted({*range(state.partitions), *state.feed.source_ends, *state.feed.rows})


def _counts(row: Row | None) -> dict[str, int]:
    return dict(_NOTHING) if row is None else {name: getattr(row, name) for name in _COUNTS}


def _partition(state: WebState, number: int) -> dict[str, Any]:
    row = state.feed.rows.get(number)
    end = state.feed.source_ends.get(number)
    done = 0 if row is None else row.next_offset
    return {
        "partition": number,
        "worker": "" if row is None else row.worker,
        "updated_at": None if row is None else row.updated_at,
        # Rows and ends come at different moments, so a difference below nothing is nothing.
        "lag": None if end is None else max(0, end - done),
        **_counts(row),
    }


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Most frequent first."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common())


def _conditions(state: WebState) -> dict[str, Any]:
    reason = state.ready()
    feed = (
        {"level": "ok", "text": "up to date"}
        if state.feed.connected
        else {"level": "bad", "text": "Kafka does not answer; these are the last counts seen"}
    )
    worker = (
        {"level": "ok", "text": "ready"} if reason is None else {"level": "warn", "text": reason}
    )
    return {
        "worker": worker,
        "engine": asdict(state.engine()),
        "provider": asdict(state.provider()),
        "counts": feed,
    }
