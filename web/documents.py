"""The documents that the web answers with, made of the state alone."""

import time
from dataclasses import asdict
from typing import Any

from records import counts_document
from records.totals import lag, summed
from web.history import Sample
from web.state import WebState

_PULSE = 5


def counts(state: WebState) -> dict[str, Any]:
    """The public document of `/verdicts/`: the totals of the group, and each partition's."""
    return counts_document(state.feed.rows, _partitions(state))


def sample(state: WebState) -> Sample:
    """The totals now, for the history."""
    now = counts(state)
    return Sample(time.time(), now["authorized"], now["unauthorized"], now["dead_letters"])


def dashboard(state: WebState) -> dict[str, Any]:
    """All that the page shows; its shape is the page's business and may change with it."""
    rows = state.feed.rows
    document = counts(state)
    partitions = [
        _partition(state, int(number), one) for number, one in document["partitions"].items()
    ]
    lags = [one["lag"] for one in partitions if one["lag"] is not None]
    return {
        # Coarse, so that a page gets a document every 5 s even when nothing else changes.
        "at": int(time.time()) // _PULSE * _PULSE * 1000,
        "worker": state.worker,
        "version": state.app_version,
        "counts": document,
        "lag": sum(lags) if lags else None,
        "partitions": partitions,
        "reasons": summed(row.reasons for row in rows.values()),
        "codes": summed(row.codes for row in rows.values()),
        "conditions": _conditions(state),
        "history": state.history.document(),
        "recent": list(state.recent.verdicts),
    }


def _partitions(state: WebState) -> set[int]:
    """Those the accounts topic has, as far as known; rows are counted anyway."""
    return {*range(state.partitions), *state.feed.source_ends}


def _partition(state: WebState, number: int, counted: dict[str, int]) -> dict[str, Any]:
    row = state.feed.rows.get(number)
    return {
        "partition": number,
        "worker": "" if row is None else row.worker,
        "updated_at": None if row is None else row.updated_at,
        "lag": lag(row, state.feed.source_ends.get(number)),
        **counted,
    }


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
