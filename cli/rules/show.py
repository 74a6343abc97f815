"""`rules show`."""

import errno
import os
import re
from pathlib import Path

import click
import faust
from faust.cli import argument, option
from rich.console import Console

from cli.rules.file import printable
from cli.rules.versions import active, find
from cli.support.blocking_command import BlockingCommand
from cli.support.errors import CommandError
from cli.support.output import PLAIN, write_bytes
from cluster import connect
from cluster.reading.publications import read_entries
from config import Settings
from records.card import scrub_rule
from rules.versions.publication import Publication

_FILE = "rules.toml"
#: ASCII characters as TOML and Python escape them.
_ESCAPE = re.compile(r"\\(?:x|u00|U000000)([2-7][0-9A-Fa-f])")


def add_show(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(
        argument("version", required=False),
        option(
            "--to",
            "folder",
            type=click.Path(path_type=Path, file_okay=False),
            help="Write rules.toml and its list files to this folder instead.",
        ),
        base=BlockingCommand,
        group=group,
        command_name="show",
    )
    def show_command(self: BlockingCommand, version: str | None, folder: Path | None) -> None:
        """Print the rule set VERSION as its file, or the active one.

        List files that it names follow as comments.
        """
        connect(settings, timeout=0)
        entries = read_entries(settings)
        found = active(entries) if version is None else find(entries, version)
        if folder is None:
            write_bytes(self.stdout, as_text(found).encode())
        else:
            write_to(folder, found, self.console)


def as_text(publication: Publication) -> str:
    """The source, with each list file as comments behind it.

    Without control characters and card numbers: those of a set that can be used are not changed.
    """
    text = publication.source.replace("\r\n", "\n")
    text += "" if text.endswith("\n") else "\n"
    for name, content in publication.files.items():
        text += f"\n# {name}:\n"
        text += "".join(f"#   {line}\n" for line in content.splitlines())
    # Anybody may have written it, and it may go to a terminal.
    readable = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if (scrubbed := scrub_rule(readable)) != readable:
        text = scrubbed
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)


def write_to(folder: Path, publication: Publication, console: Console) -> None:
    """Write the files as they were published; overwrites none. Raises CommandError."""
    for path, content in _files(folder, publication).items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(content)
        except OSError as exc:
            raise CommandError(printable(f"{path} cannot be written: {exc.strerror}")) from exc
        console.print(printable(str(path)), **PLAIN)


def _files(folder: Path, publication: Publication) -> dict[Path, str]:
    """What to write where. Raises CommandError, before anything is written."""
    files = {folder / _FILE: publication.source}
    for name, content in publication.files.items():
        path = folder / name  # "./bins.txt" is "bins.txt" here
        if name == "" or not path.resolve().is_relative_to(folder.resolve()):
            raise CommandError(f"the list file {name!r} would not be in {folder}")
        if files.setdefault(path, content) != content:
            what = "the rule set" if path == folder / _FILE else "another list file"
            text = f"the list file {name!r} would be written over {what}: print both without --to"
            raise CommandError(text)
    for path in files:
        if not files.keys().isdisjoint(path.parents):
            raise CommandError(
                f"{path.parent} would be a file and a folder: print both without --to"
            )
        if path.exists():
            raise CommandError(printable(f"{path} cannot be written: {os.strerror(errno.EEXIST)}"))
    return files
