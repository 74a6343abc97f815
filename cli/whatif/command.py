"""`what-if`: try a rule set on accounts that were judged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import faust
from faust.cli import argument, option
from rich.text import Text

from cli.rules.file import fault_line, read_rules
from cli.support.blocking_command import EX_FAILURE, JSON, BlockingCommand
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.progress import Advance, shown_progress
from cli.support.time_option import TimeParameter, check_order
from cli.whatif.accounts_file import AccountsFile, NotAnAccount
from cli.whatif.before import Before
from cli.whatif.join import LeftOut
from cli.whatif.limit import MaxFlips, MaxFlipsParameter
from cli.whatif.reading import JudgedAccounts, Stop
from cli.whatif.report import document, show
from cli.whatif.result import WhatIf
from cli.whatif.tally import Tally
from cluster import connect
from config import Settings
from rules.compiled import CompiledRules
from rules.faults import RuleSetError
from rules.judge_again import Given, judge_again

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    argument("file", type=_FILE),
    option("--since", type=TimeParameter(), help="Judged since then: 2h, or ISO 8601 in UTC."),
    option("--until", type=TimeParameter(), help="Judged until then."),
    option("--sample", type=click.IntRange(1), help="About so many accounts, the same each time."),
    option("--accounts", type=_FILE, help="Accounts of this file (JSON lines); needs no broker."),
    option("--max-flips", type=MaxFlipsParameter(), help="Exit 1 above: 20, or 0.5%."),
    JSON,
)


def add_what_if(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(*_OPTIONS, base=BlockingCommand)
    def what_if(
        self: BlockingCommand,
        file: Path,
        since: int | None,
        until: int | None,
        sample: int | None,
        accounts: Path | None,
        max_flips: MaxFlips | None,
        as_json: bool,
    ) -> int:
        """Judge accounts anew by the rule set in FILE, and show whose outcome changes."""
        if accounts is not None and (since, until, sample) != (None, None, None):
            raise click.UsageError("--accounts takes no --since, --until or --sample")
        check_order(since, until)
        try:
            compiled = read_rules(file)
        except RuleSetError as exc:
            for fault in exc.faults:
                self.messages.print(Text(fault_line(file, fault)), soft_wrap=True)
            return EX_FAILURE
        trial = Trial(file, compiled, max_flips)
        if accounts is not None:
            result = trial.on_file(accounts, settings.token_key_bytes)
        else:
            with interruption() as asked, shown_progress(self.messages, "judged") as advance:
                result = trial.on_topics(
                    settings, since, until, sample, advance=advance, stop=asked.is_set
                )
        if as_json or self.json:
            self.write_json(document(result))
        else:
            show(result, self.console)
        return EX_FAILURE if result.is_failure else 0


class Trial:
    """A rule set to try, once."""

    def __init__(
        self, file: Path, compiled: CompiledRules, max_flips: MaxFlips | None = None
    ) -> None:
        self._file = file
        self._compiled = compiled
        self._max_flips = max_flips
        self._began = time.monotonic()

    def on_topics(
        self,
        settings: Settings,
        since: int | None = None,
        until: int | None = None,
        sample: int | None = None,
        *,
        advance: Advance = lambda _done, _of: None,
        stop: Stop = lambda: False,
    ) -> WhatIf:
        """Try it on the accounts that have a verdict. Raises ClusterError, Interrupted."""
        connect(settings, timeout=0)
        judged = JudgedAccounts(
            settings, since=since, until=until, sample=sample, progress=advance, stop=stop
        )
        tally = self._tally(judged)
        if stop():
            raise Interrupted
        return self._result(
            tally, judged.left_out, one_in=judged.one_in, stopped_at=judged.stopped_at
        )

    def on_file(self, accounts: Path, token_key: bytes) -> WhatIf:
        """Try it on the accounts of a file. Raises CommandError."""
        read = AccountsFile(accounts.name, token_key, self._looks_at_time())
        try:
            with accounts.open("rb") as opened:
                tally = self._tally(read.read(opened))
        except OSError as exc:
            raise CommandError(f"{accounts} cannot be read: {exc.strerror}") from exc
        return self._result(
            tally,
            LeftOut(),
            not_accounts=read.not_accounts,
            first_not_accounts=read.first_of_them,
        )

    def _tally(self, entries: Iterable[tuple[Before, Given]]) -> Tally:
        tally = Tally(self._compiled)
        for before, given in entries:
            tally.add(before, judge_again(self._compiled, given, before.veritas))
        return tally

    def _looks_at_time(self) -> str | None:
        times = {"hour", "weekday"}
        rules = self._compiled.rule_set.rules
        return next((rule.name for rule in rules if rule.expression.fields & times), None)

    def _result(
        self,
        tally: Tally,
        left_out: LeftOut,
        *,
        not_accounts: int = 0,
        first_not_accounts: Sequence[NotAnAccount] = (),
        one_in: int = 1,
        stopped_at: dict[tuple[str, int], int] | None = None,
    ) -> WhatIf:
        return WhatIf(
            file=str(self._file),
            version=self._compiled.rule_set.version,
            tally=tally,
            left_out=left_out,
            not_accounts=not_accounts,
            first_not_accounts=first_not_accounts,
            one_in=one_in,
            stopped_at=stopped_at or {},
            max_flips=self._max_flips,
            seconds=time.monotonic() - self._began,
        )
