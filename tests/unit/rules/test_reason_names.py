"""The reasons of the built-in rules have the same names wherever these are written."""

import re
from pathlib import Path

import pytest

from rules.rule import Rule
from rules.ruleset import load
from rules.versions.active import builtin

ROOT = Path(__file__).parents[3]
RULES = builtin().compiled.rule_set.rules
NAMES = [rule.name for rule in RULES]
#: By `article.toml` Veritas alone decides; the others repeat the built-in rules.
EXAMPLES = sorted(
    path for path in (ROOT / "rules" / "examples").glob("*.toml") if path.stem != "article"
)
SCREENING = ROOT / "tools/bench/streams/src/main/java/fraud/bench/Screening.java"


def rules_of(example: Path) -> dict[str, Rule]:
    rule_set = load(
        example.read_text(encoding="utf-8"),
        lambda name: (example.parent / name).read_text(encoding="utf-8"),
    )
    return {rule.name: rule for rule in rule_set.rules}


def test_the_page_describes_those_of_the_built_in_rules() -> None:
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    reasons = page.partition("### Reasons")[2].partition("\nThen those that every set has")[0]
    assert re.findall(r"^\| `(\w+)` \|", reasons, re.MULTILINE) == NAMES


def test_the_kafka_streams_program_of_the_benchmark_gives_them() -> None:
    source = SCREENING.read_text(encoding="utf-8")
    assert re.findall(r'reasons\.add\("(\w+)"\)', source) == NAMES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_that_repeats_the_built_in_rules_has_all_of_them(example: Path) -> None:
    found = rules_of(example)
    for rule in RULES:
        assert rule.name in found
        assert (found[rule.name].when, found[rule.name].then) == (rule.when, rule.then)
