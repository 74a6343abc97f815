"""The documents about the active rule set: how often each of its rules fired."""

import time
from typing import Any

from records.card import scrub_rule
from records.printable.text import shown
from records.totals import summed
from web.live.rule_hits import HitSample, grown
from web.live.state import WebState

_LONGEST = 200


def hits(state: WebState) -> HitSample:
    """Hits of the whole group now, by rule."""
    rows = list(state.feed.rows.values())
    live = summed(row.hits for row in rows)
    return HitSample(time.time(), live, summed(row.shadow_hits for row in rows))


def rules(state: WebState) -> dict[str, Any]:
    """The public document of `/rules/`."""
    document = summary(state)
    rule_set = state.rules().compiled.rule_set
    for shown_rule, rule in zip(document["rules"], rule_set.rules, strict=True):
        shown_rule["when"] = scrub_rule(rule.when)
        shown_rule["note"] = scrub_rule(rule.note)
    return document


def summary(state: WebState) -> dict[str, Any]:
    """The same for the page, without expressions and notes; it gets one a second at most.

    `window` is how many seconds the recent hits are of: 900, or fewer since the worker's start.
    """
    now = hits(state)
    before = state.rule_hits.before(now)
    version = state.rules()
    rule_set = version.compiled.rule_set
    active = {rule.name for rule in rule_set.rules}
    return {
        "version": version.version,
        "since": version.since,
        "author": shown(version.author, _LONGEST),
        "note": shown(version.note, _LONGEST),
        "window": round(now.at - before.at),
        "rules": [
            {
                "name": rule.name,
                "then": rule.then,
                "points": rule.points,
                "shadow": rule.shadow,
                **_hits_of(rule.name, now, before),
            }
            for rule in rule_set.rules
        ],
        # Rows keep the hits of rules of former sets; anybody with rights may write a row.
        "former": [
            {"name": shown(name, _LONGEST), **_hits_of(name, now, before)}
            for name in dict.fromkeys((*now.live, *now.shadow))
            if name not in active
        ],
    }


def _hits_of(name: str, now: HitSample, before: HitSample) -> dict[str, dict[str, int]]:
    return {
        "hits": {"recent": grown(now.live, before.live, name), "all": now.live.get(name, 0)},
        "shadow_hits": {
            "recent": grown(now.shadow, before.shadow, name),
            "all": now.shadow.get(name, 0),
        },
    }
