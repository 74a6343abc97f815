"""`rules rollback`."""

from dataclasses import replace

import click
import faust
from faust.cli import argument

from cli.rules.publishing import PUBLISH_OPTIONS, prepare, publish_and_wait
from cli.rules.versions import find
from cli.support.blocking_command import BlockingCommand
from cli.support.errors import CommandError
from cli.support.text_option import author_name
from config import Settings
from rules.faults import RuleSetError


def add_rollback(app: faust.App, settings: Settings, group: click.Group, program: str) -> None:
    """Add the command to its group; `program` is this program's version."""

    @app.command(
        argument("version"),
        *PUBLISH_OPTIONS,
        base=BlockingCommand,
        group=group,
        command_name="rollback",
    )
    def rollback_command(
        self: BlockingCommand, version: str, note: str, author: str | None, timeout: float
    ) -> int:
        """Publish an older VERSION again, or `builtin`, and wait until the workers judge by it.

        Exit code 1 when some do not after --timeout seconds, or refuse it.
        """
        entries = prepare(settings)
        found = find(entries, version)
        try:
            found.rule_set()
        except RuleSetError as exc:
            raise CommandError(
                f"version {found.version} cannot be used by this program, fraud_app {program}: "
                f"{exc.faults[0]}"
            ) from exc
        publication = replace(
            found,
            author=author_name(author),
            note=note or f"rollback to {version}",
            program=program,
        )
        return publish_and_wait(
            settings, publication, entries, timeout=timeout, console=self.console
        )
