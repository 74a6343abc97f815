"""A stream that has been running for 15 minutes, for the pictures of the page."""

import math
import random
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import RuleVersion
from tests.functional.web.web_fakes import Stage
from web import Health
from web.live.history import Sample
from web.live.rule_hits import HitSample
from web.rules import hits

RULES = Path(__file__).parents[2] / "rules" / "examples"

_SHARES = (0.3, 0.2, 0.27, 0.23)


def demo(stage: Stage) -> None:
    """Fills every part of the page with something plausible; the same every time but the clock."""
    now = time.time()
    chance = random.Random(7)
    rates = [900 + 250 * math.sin(step / 14) + 120 * chance.random() for step in range(181)]
    part = [0.56 + 0.03 * math.sin(step / 9) for step in range(181)]
    authorized = [*accumulate(int(5 * r * p) for r, p in zip(rates, part, strict=True))]
    review = [*accumulate(int(5 * r * 0.04) for r in rates)]
    refused = [*accumulate(int(5 * r * (0.95 - p)) for r, p in zip(rates, part, strict=True))]
    dead = [*accumulate(int(5 * r * 0.01) for r in rates)]
    columns = (authorized, review, refused, dead)
    for step, totals in enumerate(zip(*columns, strict=True)):
        stage.state.history.add(Sample(now - 5 * (180 - step), *totals))
    for partition, share in enumerate(_SHARES):
        yes, look, no, bad = (int(share * column[-1]) for column in columns)
        stage.feed.set(
            partition,
            authorized=yes,
            review=look,
            unauthorized=no,
            dead_letters=bad,
            next_offset=yes + look + no + bad,
            reasons={
                "amount_large": look,
                "veritas_declined": int(0.8 * no),
                "card_checksum": int(0.17 * no),
                "amount_not_positive": int(0.04 * no),
                "name_blank": int(0.01 * no),
            },
            hits={
                "amount_large": look,
                "card_checksum": int(0.17 * no),
                "amount_not_positive": int(0.04 * no),
                "name_blank": int(0.01 * no),
            },
            shadow_hits={"amount_large_stricter": 2 * look, "amex_at_night": look // 3},
            codes={"not_json": int(0.8 * bad), "field_missing": int(0.2 * bad)},
            updated_at=int(now * 1000),
        )
        stage.feed.source_ends[partition] = yes + look + no + bad + (0, 12, 480, 3)[partition]
    stage.owners = dict(
        enumerate(("worker-a:6066", "worker-a:6066", "worker-b:6066", "worker-b:6066"))
    )
    stage.engine = Health("ok", f"working on {len(_SHARES)} partitions")
    stage.provider = Health("ok", "answers in 2 ms (median of the last 101)")
    stage.recent.verdicts = [
        {
            "id": f"bankaccount-{number % 4}-{number}",
            "at": int(now * 1000) - 40 * number,
            "card": f"************{chance.randrange(1000, 9999)}",
            "amount": round(chance.uniform(5, 4_000), 2),
            **_judged(number),
        }
        for number in range(50)
    ]
    stage.rules = published("shadow-trial", "Ada", "try 5,000 as the limit", now - 4 * 3_600)
    fired = hits(stage.state)
    before = HitSample(
        now - 885,
        {name: int(0.7 * number) for name, number in fired.live.items()},
        {name: int(0.7 * number) for name, number in fired.shadow.items()},
    )
    stage.state.rule_hits.add(before)
    stage.feed.changed()


def published(example: str, author: str, note: str, at: float) -> RuleVersion:
    """One of the examples, as if it had been published then."""
    source = (RULES / f"{example}.toml").read_text(encoding="utf-8")
    rule_set = load(source, lambda name: (RULES / name).read_text(encoding="utf-8"))
    return RuleVersion(CompiledRules(rule_set), rule_set.version, int(at * 1000), author, note)


def _judged(number: int) -> dict[str, Any]:
    shadow = ["amount_large_stricter"] if number % 7 == 0 else []
    outcome, reasons = "authorized", list[str]()
    if number % 3 == 0:
        outcome, reasons = "unauthorized", ["veritas_declined" if number % 2 else "card_checksum"]
        if number % 7 == 0:
            outcome, reasons = "review", ["amount_large"]
    return {
        "authorized": outcome == "authorized",
        "outcome": outcome,
        "reasons": reasons,
        "allowed_by": "",
        "shadow": shadow,
    }
