"""`rules check`."""

from pathlib import Path

import click
import faust
from faust.cli import argument
from rich.console import Console
from rich.text import Text

from cli.rules.file import fault_line, printable, read_rules
from cli.support.blocking_command import EX_FAILURE, BlockingCommand
from rules.faults import RuleSetError


def add_check(app: faust.App, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        argument("file", type=click.Path(path_type=Path)),
        base=BlockingCommand,
        group=group,
        command_name="check",
    )
    def check_command(self: BlockingCommand, file: Path) -> int:
        """Check the rule set in FILE; print each fault with its place. Needs no broker."""
        return check(file, self.console)


def check(file: Path, console: Console) -> int:
    """Print the faults of a rule set, or its version; returns the exit code.

    Raises CommandError when the file cannot be read.
    """
    try:
        rule_set = read_rules(file).rule_set
    except RuleSetError as exc:
        for fault in exc.faults:
            console.print(Text(fault_line(file, fault)), soft_wrap=True)
        return EX_FAILURE
    number = len(rule_set.rules)
    rules = "1 rule" if number == 1 else f"{number} rules"
    line = printable(f"{file}: {rules}, version {rule_set.version}")
    console.print(Text(line), soft_wrap=True)
    return 0
