"""Which dead letters a command is about, and the options that say so, for `list` and `replay`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, ClassVar

import click
from faust.cli import argument, option

from cli.dead_letters.letters import Letter
from cli.support.blocking_command import BlockingCommand
from cli.support.numbers import dead_letters
from cli.support.time_option import TimeParameter, check_order
from records.printable.untrusted_names import printable_id

_IDS_FILE = click.File(encoding="utf-8-sig")
_NAMED = 5

#: Of a `SelectingCommand`.
SELECTION_OPTIONS: tuple[Any, ...] = (
    argument("ids", nargs=-1),
    option("--code", "codes", multiple=True, help="Only those with this code (repeatable)."),
    option("--file", "file", type=_IDS_FILE, help="Only those whose ids are in this file."),
    option("--since", type=TimeParameter(), help="Failed since then: 2h, or ISO 8601 in UTC."),
    option("--until", type=TimeParameter(), help="Failed until then."),
)


@dataclass(frozen=True)
class Selection:
    """Dead letters that match every criterion given. Times in ms since the epoch, inclusive."""

    ids: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None

    def __call__(self, letter: Letter) -> bool:
        """Whether the letter matches."""
        return (
            (self.ids is None or letter.id in self.ids)
            and (self.codes is None or letter.code in self.codes)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at <= self.until)
        )


class SelectingCommand(BlockingCommand):
    """A command with `SELECTION_OPTIONS`; its function gets a `selection` in place of them."""

    abstract: ClassVar[bool] = True

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """The other options and the selection. Raises a usage error for an unreadable file."""
        own = ("ids", "codes", "file", "since", "until")
        others = {name: value for name, value in given.items() if name not in own}
        return {**others, "selection": selection_of(*(given[name] for name in own))}


def selection_of(
    ids: Iterable[str],
    codes: Iterable[str],
    file: IO[str] | None,
    since: int | None,
    until: int | None,
) -> Selection:
    """The selection that these options describe.

    Raises a usage error for an unreadable file and times in the wrong order.
    """
    check_order(since, until)
    named = frozenset(ids)
    if file is not None:
        named |= _ids_in(file)
    chosen = named if named or file is not None else None
    return Selection(chosen, frozenset(codes) or None, since, until)


def not_found(ids: Collection[str], topic: str) -> str:
    """One line that names ids without a selected dead letter; it shows no card number."""
    # The ids may be any text, such as the lines of a file of accounts.
    some = first_few([printable_id(each, topic) for each in sorted(ids)[: _NAMED + 1]])
    return f"{dead_letters(len(ids))} not found (or not with this code and time): {some}"


def first_few(names: Sequence[str]) -> str:
    """The first five names, and an ellipsis where there are more."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _ids_in(file: Iterable[str]) -> frozenset[str]:
    """One id a line; skips blank lines and those that begin with #."""
    try:
        lines = [line.strip() for line in file]
    except UnicodeDecodeError:
        raise click.UsageError("--file is not UTF-8 text with one id a line") from None
    return frozenset(line for line in lines if line and not line.startswith("#"))
