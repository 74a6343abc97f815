"""`rules check`."""

from pathlib import Path

import click
import faust
from faust.cli import argument
from rich.console import Console
from rich.text import Text

from cli.support.blocking_command import EX_FAILURE, BlockingCommand
from cli.support.errors import CommandError
from rules.compiled import CompiledRules
from rules.faults import Fault, RuleSetError
from rules.ruleset import MOST_BYTES, load


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
    source = _read(file)
    try:
        rule_set = load(source, lambda name: _text(file.parent / name))
        CompiledRules(rule_set)
    except RuleSetError as exc:
        for fault in exc.faults:
            console.print(Text(_line(file, fault)), soft_wrap=True)
        return EX_FAILURE
    number = len(rule_set.rules)
    rules = "1 rule" if number == 1 else f"{number} rules"
    console.print(Text(f"{file}: {rules}, version {rule_set.version}"), soft_wrap=True)
    return 0


def _line(file: Path, fault: Fault) -> str:
    """`FILE:LINE:COLUMN: rule NAME: what is wrong`, without control characters of the file's."""
    line = f"{file}:{fault}"
    return "".join(each if each.isprintable() else "?" for each in line)


def _read(file: Path) -> str:
    try:
        return _text(file)
    except OSError as exc:
        raise CommandError(f"{file} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CommandError(f"{file} is not UTF-8 (byte {exc.start})") from exc


def _text(file: Path) -> str:
    """The text of a file, one byte more than a rule set may have at most."""
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    # What is too large is cut, possibly within a character; its size is the fault to report.
    too_large = len(content) > MOST_BYTES
    return content.decode("utf-8", "replace" if too_large else "strict")
