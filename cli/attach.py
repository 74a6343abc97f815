"""The commands' arguments and options, and the functions that they call."""

from collections.abc import Callable
from typing import IO

import click
import faust
from faust.cli import argument, option

from cli.accounts import Fakes
from cli.blocking import EX_FAILURE, BlockingCommand
from cli.counts import read_counts
from cli.dead_letters.letters import Selection
from cli.dead_letters.listing import list_letters
from cli.dead_letters.replay import replay
from cli.errors import Interrupted
from cli.ids import IDS_FILE, ids_in
from cli.interruption import interruption
from cli.produce import send_accounts
from cli.progress import shown_progress
from cli.reconcile.command import reconcile as reconcile_topics
from cli.reconcile.report import document, show
from cli.times import TimeParameter
from cli.top.command import show_once, watch_on
from config.settings import Settings

_MOST = 10**12
_LISTED = 100
_WORKER = "http://127.0.0.1:6066"
_JSON = option("--json", "as_json", is_flag=True, help="Machine-readable.")

MakeFakes = Callable[[int | None], Fakes]


def attach(app: faust.App, settings: Settings, fakes: MakeFakes) -> None:
    """Adds the commands to the `faust` program when it is started with this app.

    `fakes` makes the source of fake accounts for a seed. Nothing is opened before a command runs.
    """
    _attach_produce(app, settings, fakes)
    _attach_counts(app, settings)
    _attach_top(app, settings)
    _attach_reconcile(app, settings)
    _attach_dead_letters(app, settings)


def _attach_produce(app: faust.App, settings: Settings, fakes: MakeFakes) -> None:
    @app.command(
        argument("size", type=click.IntRange(0, _MOST)),
        option("--seed", type=int, default=settings.seed, help="Makes the accounts reproducible."),
        option("--unique", is_flag=True, help="Every account has a card of its own."),
        base=BlockingCommand,
    )
    def produce(self: BlockingCommand, size: int, seed: int | None, unique: bool) -> None:
        """Send SIZE fake accounts; says how many were acknowledged and how fast."""
        send_accounts(settings, size, fakes(seed), seed=seed, unique=unique, console=self.console)


def _attach_counts(app: faust.App, settings: Settings) -> None:
    @app.command(_JSON, base=BlockingCommand)
    def counts(self: BlockingCommand, as_json: bool) -> None:
        """Show what became of the accounts, from the topics, without a worker."""
        found = read_counts(settings)
        if as_json or self.json:
            self.write_json(found.document())
        else:
            found.show(self.console)


def _attach_top(app: faust.App, settings: Settings) -> None:
    @app.command(
        option("--once", is_flag=True, help="Print one picture and end."),
        option(
            "--url",
            default=_WORKER,
            show_default=True,
            help="Web of the worker that tells of its engine and the verification service.",
        ),
        base=BlockingCommand,
    )
    def top(self: BlockingCommand, once: bool, url: str) -> None:
        """Watch at a terminal what the page shows; Ctrl-C ends it."""
        (show_once if once else watch_on)(settings, self.console, url)


def _attach_reconcile(app: faust.App, settings: Settings) -> None:
    @app.command(_JSON, base=BlockingCommand)
    def reconcile(self: BlockingCommand, as_json: bool) -> int:
        """Prove that each account ended in exactly one verdict or one dead letter."""
        with interruption() as asked, shown_progress(self.messages, "read") as advance:
            result = reconcile_topics(settings, progress=advance, stop=asked.is_set)
        if result is None:
            raise Interrupted
        if as_json or self.json:
            self.write_json(document(result))
        else:
            show(result, self.console)
        return 0 if result.whole.proven else EX_FAILURE


def _attach_dead_letters(app: faust.App, settings: Settings) -> None:
    @app.command(
        argument("action", type=click.Choice(["list", "replay"])),
        argument("ids", nargs=-1),
        option("--code", "codes", multiple=True, help="Only those with this code (repeatable)."),
        option("--file", "file", type=IDS_FILE, help="Only those whose ids are in this file."),
        option("--since", type=TimeParameter(), help="Failed since then: 2h, or ISO 8601 in UTC."),
        option("--until", type=TimeParameter(), help="Failed until then."),
        option("--limit", type=click.IntRange(0), help="list: how many (100); 0 for all."),
        option("--again", is_flag=True, help="replay: those that were replayed before as well."),
        option("--yes", is_flag=True, help="replay: do not ask."),
        _JSON,
        base=BlockingCommand,
    )
    def dead_letters(
        self: BlockingCommand,
        action: str,
        ids: tuple[str, ...],
        codes: tuple[str, ...],
        file: IO[str] | None,
        since: int | None,
        until: int | None,
        limit: int | None,
        again: bool,
        yes: bool,
        as_json: bool,
    ) -> None:
        """List dead letters, or replay chosen ones (IDS, --code, --file) to the accounts topic."""
        named = frozenset(ids) | ids_in(file) if ids or file else None
        selection = Selection(named, frozenset(codes) or None, since, until)
        if action == "list":
            json = as_json or self.json
            shown = _LISTED if limit is None else limit
            list_letters(settings, selection, limit=shown, json=json, console=self.console)
            return
        if limit is not None:
            raise click.UsageError("--limit is for list: replay sends all that are chosen")
        if named is None and not codes:
            raise click.UsageError("say which to replay: IDS, --code or --file")
        replay(
            settings,
            selection,
            again=again,
            confirm=lambda question: yes or _agreed(question),
            console=self.console,
        )


def _agreed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # Ctrl-C, or nobody there to answer: --yes is for that.
        return False
