"""`rules publish`."""

from pathlib import Path

import click
import faust
from faust.cli import argument
from rich.console import Console
from rich.text import Text

from cli.rules.file import fault_line, read_rules
from cli.rules.publishing import PUBLISH_OPTIONS, prepare, publish_and_wait
from cli.support.blocking_command import EX_FAILURE, BlockingCommand
from cli.support.text_option import author_name
from config import Settings
from rules.faults import RuleSetError
from rules.ruleset import RuleSet
from rules.versions.publication import Publication


def add_publish(app: faust.App, settings: Settings, group: click.Group, program: str) -> None:
    """Add the command to its group; `program` is this program's version."""

    @app.command(
        argument("file", type=click.Path(path_type=Path)),
        *PUBLISH_OPTIONS,
        base=BlockingCommand,
        group=group,
        command_name="publish",
    )
    def publish_command(
        self: BlockingCommand, file: Path, note: str, author: str | None, timeout: float
    ) -> int:
        """Check the rule set in FILE, publish it, and wait until the workers judge by it.

        Exit code 1 when some do not after --timeout seconds, or refuse it.
        """
        rule_set = checked(file, self.console)
        if rule_set is None:
            return EX_FAILURE
        publication = Publication(
            rule_set.version,
            rule_set.source,
            0,
            author=author_name(author),
            note=note,
            program=program,
            files=rule_set.files,
        )
        entries = prepare(settings)
        return publish_and_wait(
            settings, publication, entries, timeout=timeout, console=self.console
        )


def checked(file: Path, console: Console) -> RuleSet | None:
    """The rule set of a file, or None when it has faults, which are printed."""
    try:
        return read_rules(file).rule_set
    except RuleSetError as exc:
        for fault in exc.faults:
            console.print(Text(fault_line(file, fault)), soft_wrap=True)
        return None
