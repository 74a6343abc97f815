"""What a dry run says would become of dead letters; no broker, no verification service."""

import io
import json

from rich.console import Console

from cli.dead_letters.dry_run import DryRun, show_dry_run
from rules.compiled import CompiledRules
from rules.ruleset import load
from rules.versions.active import builtin

#: A Saturday, at noon.
NOW = 1_769_860_800_000
ACCOUNT = {
    "FirstName": "Jimmie",
    "LastName": "Swaniawski",
    "CreditCardNumber": "4111111111111111",
    "Amount": 644.78,
}


def dry_run(rules: CompiledRules | None = None) -> DryRun:
    return DryRun(rules or builtin().compiled, b"a key", NOW)


def account(**changes: object) -> bytes:
    return json.dumps({**ACCOUNT, **changes}).encode()


def test_what_is_no_account_becomes_a_dead_letter_again_by_its_code_of_now() -> None:
    tried = dry_run()
    tried.add("not_json", b"garbage")
    tried.add("not_json", b"[]")
    tried.add("not_json", None)
    assert tried.found == {
        "not_json": {
            "dead letter again: not_json": 1,
            "dead letter again: not_an_object": 1,
            "dead letter again: empty": 1,
        }
    }


def test_an_account_is_judged_by_the_rules_and_no_further() -> None:
    tried = dry_run()
    tried.add("veritas_failed", account())
    tried.add("field_missing", account(Amount=-1))
    assert tried.found == {
        "veritas_failed": {"Veritas would be asked": 1},
        "field_missing": {"verdict: unauthorized": 1},
    }


def test_rules_see_the_token_and_the_time_of_the_replay() -> None:
    when = "hour == 12 and weekday == 5 and len(token) == 32"
    source = f'[[rule]]\nname = "noon"\nwhen = "{when}"\nthen = "unauthorized"\n'
    tried = dry_run(CompiledRules(load(source)))
    tried.add("veritas_rejected", account())
    assert tried.found == {"veritas_rejected": {"verdict: unauthorized": 1}}


def test_the_table_has_a_line_for_each_code_and_outcome() -> None:
    tried = dry_run()
    for _ in range(1_200):
        tried.add("[red]", b"garbage")
    tried.add("veritas_failed", account())
    out = io.StringIO()
    show_dry_run(tried, builtin(), Console(file=out, width=120))
    lines = [[cell.strip() for cell in line.split("│")] for line in out.getvalue().splitlines()]
    assert ["", "[red]", "dead letter again: not_json", "1,200", ""] in lines
    assert ["", "veritas_failed", "Veritas would be asked", "1", ""] in lines
    assert f"rule set {builtin().version}; nothing was sent" in out.getvalue()
