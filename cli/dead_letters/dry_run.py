"""`dead-letters replay --dry-run`: what would become of dead letters, without sending them."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.rules.versions import active
from cluster.reading.publications import read_entries
from config import Settings
from records import Undecodable
from records.card import digits
from records.codec.account import account_of
from records.token import Tokens
from rules.compiled import CompiledRules
from rules.given import given
from rules.judge_again import judge_again
from rules.versions.active import RuleVersion

_ASKED = "Veritas would be asked"


class DryRun:
    """Decodes and judges by the rules as a worker does, up to where it would ask Veritas.

    The time of a replayed record is that of its sending: `now`, in ms since the epoch.
    """

    def __init__(self, compiled: CompiledRules, token_key: bytes, now: int) -> None:
        #: Code of the dead letter -> what would become of it -> how many.
        self.found: dict[str, Counter[str]] = {}
        self._compiled = compiled
        self._tokens = Tokens(token_key)
        self._now = now

    def add(self, code: str, value: bytes | None) -> None:
        """Judge the input of a dead letter with this code."""
        self.found.setdefault(code, Counter())[self._outcome(value)] += 1

    def _outcome(self, value: bytes | None) -> str:
        account = account_of(value)
        if isinstance(account, Undecodable):
            return f"dead letter again: {account.code}"
        token = self._tokens(digits(account.credit_card_number))
        again = judge_again(self._compiled, given(account, token, self._now), None)
        return _ASKED if again.decision is None else f"verdict: {again.decision.outcome}"


def rules_to_try(settings: Settings) -> RuleVersion:
    """The rule set that workers of this program's version judge by. Raises ClusterError."""
    found = active(read_entries(settings))
    return RuleVersion(CompiledRules(found.rule_set()), found.version)


def show_dry_run(found: DryRun, version: RuleVersion, console: Console) -> None:
    """Print the table: one line for each code and what would become of its letters."""
    table = Table(
        title=f"A replay now, by rule set {version.version}; nothing was sent", title_justify="left"
    )
    for name in ("code", "would become", "dead letters"):
        table.add_column(name, overflow="fold")
    table.columns[-1].justify = "right"
    for code, outcomes in sorted(found.found.items()):
        for outcome, number in outcomes.most_common():
            # Not as rich's markup: a code is anybody's text.
            table.add_row(Text(code), Text(outcome), f"{number:,}")
    console.print(table)
