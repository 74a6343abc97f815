"""`rebuild-rows`: how far each partition was judged, from the outputs."""

import click
import faust
from faust.cli import option
from rich.console import Console
from rich.table import Table

from cli.rebuild.rebuilding import Rebuilt, rebuild, write_rows
from cli.support.blocking_command import BlockingCommand
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.progress import shown_progress
from cluster import changelog_topic
from config import Settings
from records.totals import ENDINGS


def add_rebuild_rows(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(
        option("--yes", is_flag=True, help="Do not ask for confirmation."), base=BlockingCommand
    )
    def rebuild_rows(self: BlockingCommand, yes: bool) -> None:
        """Write the changelog's rows again where verdicts or dead letters are beyond them.

        For a changelog that was deleted or is an older copy. Stop all workers first.
        """
        with interruption() as asked, shown_progress(self.messages, "read") as advance:
            found = rebuild(settings, progress=advance, stop=asked.is_set)
        if found is None:
            raise Interrupted
        topic = changelog_topic(settings)
        if not found.rows:
            self.console.print(
                f"Topic {topic} knows all outcomes; nothing was written.", soft_wrap=True
            )
            return
        show(found, self.console)
        question = f"Write {len(found.rows)} rows to topic {topic}?"
        if not (yes or _confirmed(question)):
            raise CommandError("nothing was written")
        write_rows(settings, found)
        self.console.print(f"{len(found.rows)} rows were written. Start the workers.")


def show(found: Rebuilt, console: Console) -> None:
    """Print the rows as they will be."""
    table = Table(title=f"Accounts of topic {found.topic.name}", title_justify="left")
    endings = (name.replace("_", " ") for name in ENDINGS)
    for name in ("partition", "row now", "judged up to", *endings, "without outcome"):
        table.add_column(name, justify="right")
    for partition, row in found.rows.items():
        before = found.before.get(partition)
        now = "none" if before is None else f"{before.next_offset:,}"
        counts = (f"{getattr(row, name):,}" for name in ENDINGS)
        left = f"{found.without_outcome[partition]:,}"
        mark = "*" if partition in found.no_outcome_left else ""
        table.add_row(str(partition), now, f"{row.next_offset:,}{mark}", *counts, left)
    console.print(table)
    if gone := sum(found.no_outcome_left.values()):
        console.print(
            f"* The group's offset says so: the outcomes of up to {gone:,} accounts are no longer "
            "there, and the counts are without them.",
            highlight=False,
            soft_wrap=True,
        )
    if without := sum(found.without_outcome.values()):
        console.print(
            f"{without:,} offsets before the last outcome have none: markers of the producers' "
            "transactions, or accounts that will not be judged; reconcile then lists these.",
            highlight=False,
            soft_wrap=True,
        )


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # Ctrl-C, or standard input is closed: scripts use --yes.
        return False
