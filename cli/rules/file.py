"""A rule set in a file, with the list files beside it."""

import errno
from pathlib import Path

from cli.support.errors import CommandError
from rules.compiled import CompiledRules
from rules.faults import Fault, RuleSetError
from rules.ruleset import MOST_BYTES, load

__all__ = ["fault_line", "printable", "read_rules"]


def read_rules(file: Path) -> CompiledRules:
    """The checked and compiled rule set of a file.

    Raises RuleSetError when it has faults, CommandError when it cannot be read.
    """
    source = _read(file)
    rule_set = load(source, lambda name: _list_file(file.parent, name))
    if not rule_set.rules:
        # Rather a file that was cut than the wish that Veritas alone decides.
        raise RuleSetError([Fault(1, 1, "", "no rules: write at least one [[rule]]")])
    return CompiledRules(rule_set)


def fault_line(file: Path, fault: Fault) -> str:
    """`FILE:LINE:COLUMN: rule NAME: what is wrong`, without control characters of the file's."""
    return printable(f"{file}:{fault}")


def printable(text: str) -> str:
    """One line without control characters: names of files are checked that anybody may send."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _read(file: Path) -> str:
    try:
        return _text(file)
    except OSError as exc:
        raise CommandError(printable(f"{file} cannot be read: {exc.strerror}")) from exc
    except UnicodeDecodeError as exc:
        raise CommandError(printable(f"{file} is not UTF-8 (byte {exc.start})")) from exc


def _list_file(folder: Path, name: str) -> str:
    """The text of a list file; a link cannot lead out of the folder, as what is read is published.

    Opens regular files only: a named pipe would be waited for, a device need not end.
    """
    try:
        file = (folder / name).resolve()
    except RuntimeError as exc:  # Python 3.11 and 3.12
        raise OSError(errno.ELOOP, "it is a link to itself") from exc
    if not file.is_relative_to(folder.resolve()):
        raise OSError(errno.EXDEV, "it is a link out of the folder")
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file")
    return _text(file)


def _text(file: Path) -> str:
    """The text of a file, one byte more than a rule set may have at most."""
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    # What is too large is cut, possibly within a character; its size is the fault to report.
    too_large = len(content) > MOST_BYTES
    return content.decode("utf-8", "replace" if too_large else "strict")
