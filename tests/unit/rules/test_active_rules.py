from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import ActiveRules, RuleVersion, builtin

LOOK = '[[rule]]\nname = "look"\nwhen = "amount > 1"\nthen = "review"\n'


def test_the_built_in_set_is_active_while_none_was_published() -> None:
    version = builtin()
    assert ActiveRules(version).current is version
    assert version.version == version.compiled.rule_set.version
    assert version.since is None, "nobody published it"
    names = [rule.name for rule in version.compiled.rule_set.rules]
    assert names == ["name_blank", "amount_not_positive", "card_malformed", "card_checksum"]


def test_a_version_that_was_read_before_another_is_activated_stays_what_it_was() -> None:
    active = ActiveRules(builtin())
    compiled = CompiledRules(load(LOOK))
    published = RuleVersion(compiled, compiled.rule_set.version, 1, "ann", "look at each")
    in_use = active.current
    active.activate(published)
    assert active.current is published
    assert in_use.compiled.rule_set.rules[0].name == "name_blank"


def test_who_follows_sees_the_present_version_and_each_later_one() -> None:
    first, second = builtin(), builtin()
    active = ActiveRules(first)
    seen: list[RuleVersion] = []
    active.follow(seen.append)
    active.activate(second)
    assert [id(version) for version in seen] == [id(first), id(second)]
