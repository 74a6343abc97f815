"""The documents that the web answers with, made of the state alone."""

import time
from typing import Any

from faust_transactions import Health

from records import counts_document
from records.totals import ENDINGS, progress_document
from web import rules
from web.health import worst
from web.live.history import Sample
from web.live.state import WebState

_PULSE = 5


def counts(state: WebState) -> dict[str, Any]:
    """The public document of `/verdicts/`: the totals of the group, and each partition's."""
    partitions = {*range(state.partitions), *state.feed.source_ends}
    return counts_document(state.feed.rows, partitions, state.holds())


def sample(state: WebState) -> Sample:
    """The totals now, for the history."""
    now = counts(state)
    return Sample(time.time(), *(now[name] for name in ENDINGS))


def dashboard(state: WebState) -> dict[str, Any]:
    """All that the page shows; its shape is the page's business and may change with it."""
    return {
        # Coarse, so that a page gets a document every 5 s even when nothing else changes.
        "at": int(time.time()) // _PULSE * _PULSE * 1000,
        "worker": state.worker(),
        "version": state.app_version,
        **_progress(state),
        "health": _health(state),
        "history": state.history.document(),
        "recent": list(state.recent.verdicts),
        "rules": rules.summary(state),
    }


def _progress(state: WebState) -> dict[str, Any]:
    feed = state.feed
    return progress_document(
        feed.rows,
        feed.source_begins,
        feed.source_ends,
        range(state.partitions),
        owners=state.owners(),
        holds=state.holds(),
    )


def _health(state: WebState) -> dict[str, Any]:
    found = {
        "worker": _worker(state),
        **{name: worst(sources) for name, sources in state.health.items()},
        "counts": Health("ok", "up to date")
        if state.feed.connected
        else Health("bad", "Kafka does not answer; these are the last counts read"),
    }
    return {name: health._asdict() for name, health in found.items()}


def _worker(state: WebState) -> Health:
    """The figures of a degraded state are on the line of the part that it is about."""
    reason = state.not_ready_reason
    if reason is not None:
        return Health("warn", reason)
    degraded = state.degraded()
    return (
        Health("warn", f"degraded ({', '.join(degraded)})") if degraded else Health("ok", "ready")
    )
