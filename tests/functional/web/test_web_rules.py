"""`/rules/`: the active rule set and its hits."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import RuleVersion
from tests.functional.web.web_fakes import Stage
from web.documents import dashboard
from web.rules import hits

SOURCE = """
[thresholds]
review = 50

[[rule]]
name = "large"
when = "amount > 1000"
then = "review"
note = "above our limit"

[[rule]]
name = "night"
when = "hour < 4"
points = 20

[[rule]]
name = "trial"
when = "amount > 500"
then = "unauthorized"
shadow = true
"""
CARD = "4012888888881881"
NO_HITS = {"recent": 0, "all": 0}


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    rule_set = load(SOURCE)
    compiled = CompiledRules(rule_set)
    stage.rules = RuleVersion(compiled, rule_set.version, 1_795_390_440_000, "ann", "lower limit")
    return stage


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(stage.web_app())) as opened:
        yield opened


async def test_a_card_number_in_a_rule_is_masked(
    stage: Stage, client: TestClient[Any, Any]
) -> None:
    """No such set can be used, but none may be shown by any other way."""
    assert stage.rules is not None
    card = "4111.1111_1111/1111"
    rule_set = stage.rules.compiled.rule_set
    rules = tuple(replace(each, when=card, note=card) for each in rule_set.rules)
    stage.rules = replace(stage.rules, compiled=CompiledRules(replace(rule_set, rules=rules)))
    document = await (await client.get("/rules/")).json()
    shown = {(each["when"], each["note"]) for each in document["rules"]}
    assert shown == {("************1111", "************1111")}


async def test_the_active_set_is_there_with_its_hits_live_and_shadow(
    stage: Stage, client: TestClient[Any, Any]
) -> None:
    stage.feed.set(0, hits={"large": 3, "old": 1}, shadow_hits={"trial": 5})
    stage.state.rule_hits.add(hits(stage.state))
    stage.feed.set(1, hits={"large": 4}, shadow_hits={"trial": 1, "large": 2})
    for path in ("/rules/", "/rules"):
        answer = await client.get(path)
        assert answer.status == 200
        document = await answer.json()
        assert 0 <= document.pop("window") < 900
        assert document == {
            "version": stage.rules.version,
            "since": 1_795_390_440_000,
            "author": "ann",
            "note": "lower limit",
            "rules": [
                {
                    "name": "large",
                    "when": "amount > 1000",
                    "then": "review",
                    "points": 0,
                    "shadow": False,
                    "note": "above our limit",
                    "hits": {"recent": 4, "all": 7},
                    "shadow_hits": {"recent": 2, "all": 2},
                },
                {
                    "name": "night",
                    "when": "hour < 4",
                    "then": None,
                    "points": 20,
                    "shadow": False,
                    "note": "",
                    "hits": NO_HITS,
                    "shadow_hits": NO_HITS,
                },
                {
                    "name": "trial",
                    "when": "amount > 500",
                    "then": "unauthorized",
                    "points": 0,
                    "shadow": True,
                    "note": "",
                    "hits": NO_HITS,
                    "shadow_hits": {"recent": 1, "all": 6},
                },
            ],
            "former": [{"name": "old", "hits": {"recent": 0, "all": 1}, "shadow_hits": NO_HITS}],
        }


async def test_before_the_counts_are_known_it_is_503(
    stage: Stage, client: TestClient[Any, Any]
) -> None:
    stage.feed.ready = False
    answer = await client.get("/rules/")
    assert answer.status == 503
    assert (await answer.json())["error"] == "reading the counts of the group"


async def test_no_card_number_comes_out_of_what_others_wrote(
    stage: Stage, client: TestClient[Any, Any]
) -> None:
    """Whoever has the right to write to the topics can write anything."""
    rules = stage.rules.compiled
    stage.rules = RuleVersion(rules, stage.rules.version, None, f"ann {CARD}", f"for {CARD}")
    stage.feed.set(0, hits={CARD: 1}, shadow_hits={f"x {CARD}": 2})
    assert CARD not in await (await client.get("/rules/")).text()
    assert CARD not in str(dashboard(stage.state)["rules"])


async def test_the_page_gets_no_expressions(stage: Stage) -> None:
    """It gets the document twice a second, and 500 of them are two megabytes."""
    document = dashboard(stage.state)["rules"]
    assert [rule["name"] for rule in document["rules"]] == ["large", "night", "trial"]
    assert all("when" not in rule for rule in document["rules"])
