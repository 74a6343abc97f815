"""What a reader of the result should know, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from cli.support.numbers import number_of
from cli.whatif.result import WhatIf
from cli.whatif.tally import Tally

#: Field of LeftOut -> what to say of one, and of several.
_LEFT_OUT = {
    "account_deleted": (
        "verdict is not compared: retention deleted its account",
        "verdicts are not compared: retention deleted their accounts",
    ),
    "account_missing": (
        "verdict is not compared: there is no account at its offset",
        "verdicts are not compared: there is no account at their offsets",
    ),
    "former_topic": (
        "verdict is not compared: it judges a record of a former accounts topic of this name",
        "verdicts are not compared: they judge records of a former accounts topic of this name",
    ),
    "out_of_order": (
        "verdict is not compared: it comes again or out of order; run reconcile",
        "verdicts are not compared: they come again or out of order; run reconcile",
    ),
    "not_of_account": (
        "verdict is not compared: the record at its offset is another",
        "verdicts are not compared: the records at their offsets are others",
    ),
    "without_verdict": (
        "account has no verdict: it is a dead letter, or retention deleted the verdict",
        "accounts have no verdict: they are dead letters, or retention deleted the verdicts",
    ),
    "other_streams": ("verdict is of another stream", "verdicts are of other streams"),
    "not_verdicts": (
        "record of the verdicts topic is no verdict",
        "records of the verdicts topic are no verdicts",
    ),
}


def remarks(result: WhatIf) -> Iterator[str]:
    """The lines, the most important first."""
    yield from _about_veritas(result.tally)
    yield from _about_rules(result.tally)
    if result.one_in > 1:
        yield f"A sample: one account of {result.one_in:,}."
    for name, texts in _LEFT_OUT.items():
        number = getattr(result.left_out, name)
        if number:
            yield f"{number_of(number, *texts)}."
    if result.not_accounts:
        number = number_of(result.not_accounts, "line is", "lines are")
        yield f"{number} no account, and would be a dead letter:"
        for each in result.first_not_accounts:
            yield f"  line {each.line}: {each.code}: {each.detail}"
    for (topic, partition), offset in result.stopped_at.items():
        yield f"{topic}-{partition} was read up to offset {offset}: a transaction is open there."


def _about_veritas(tally: Tally) -> Iterator[str]:
    if tally.unknown:
        about = number_of(tally.unknown, "account", "accounts")
        yield (
            f"Veritas would be asked about {about} for the first time: the outcome is unknown, and "
            "counts as a flip for --max-flips."
        )
    before, after = tally.asked_before, tally.asked_after
    if before != after:
        yield f"Veritas was asked about {before:,} of these accounts, and would be about {after:,}."


def _about_rules(tally: Tally) -> Iterator[str]:
    if tally.other_reasons:
        stays = number_of(tally.other_reasons, "outcome stays", "outcomes stay")
        yield f"{stays}, but not the reasons."
    for rule, number in tally.failures.items():
        yield f"Rule {rule} could not be evaluated for {number_of(number, 'account', 'accounts')}."
    silent = [name for name, number in tally.hits.items() if not number]
    if silent:
        yield f"Never fired: {', '.join(silent)}."
