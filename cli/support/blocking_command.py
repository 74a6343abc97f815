"""Commands of a Faust app that are plain blocking functions, in groups where there are several."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ClassVar, NoReturn

import click
import faust.cli.base
import orjson
from faust.cli import option
from faust.cli.base import AppCommand
from rich.console import Console

from cli.support.errors import CommandError, Interrupted
from cli.support.output import OUTPUT_ERRORS, console, discard, prepare, write_bytes
from cluster import ClusterError
from lookup.errors import NoIdError
from records.card import scrub_line

EX_FAILURE = 1
#: As a shell reports a process that a signal ended: 128 and its number.
EX_INTERRUPTED = 130
EX_CLOSED_PIPE = 141

JSON = option("--json", "as_json", is_flag=True, help="Print JSON.")


class BlockingCommand(AppCommand):
    """Runs the command's function directly, instead of in a worker with an event loop.

    Faust would start a `mode.Worker` around it, with its signal handlers, its log lines and its
    exit codes. An error that the user can fix is one line on stderr and exit code 1.

    `app.command(…, base=BlockingCommand, group=…)` declares a command of a group. Faust registers
    every command at the top of its program; as that is a click group, a group in it works.
    """

    abstract: ClassVar[bool] = True
    group: ClassVar[click.Group] = faust.cli.base.cli
    #: Its name on the command line; None: that of the function, with dashes.
    command_name: ClassVar[str | None] = None

    @classmethod
    def as_click_command(cls) -> Callable[..., Any]:
        """Register the command in its group."""

        @click.pass_context
        @wraps(cls, updated=())
        def invoke(context: click.Context, *args: Any, **kwargs: Any) -> NoReturn:
            cls(context, *args, **kwargs)()
            raise AssertionError("a command exits")

        function: Callable[..., Any] = invoke
        for parameter in reversed(cls.options or ()):
            function = parameter(function)
        name = cls.command_name or cls.__name__.replace("_", "-")
        return cls.group.command(name, cls=_Command, help=cls.__doc__)(function)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the function and exit with its code."""
        given = {**self.kwargs, **kwargs}
        sys.exit(exit_code(lambda: self.run(*self.args, *args, **self.parameters(given))))

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the function gets for these options; a base of several commands may combine some."""
        return given

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """What the command does; returns its exit code, or None for 0."""
        raise NotImplementedError

    @property
    def console(self) -> Console:
        """Where the result goes."""
        return console(self.stdout)

    @property
    def messages(self) -> Console:
        """Where progress and remarks go, so that the result can be piped."""
        return console(self.stderr)

    def write_json(self, document: Any) -> None:
        """Write one JSON document, in UTF-8 whatever the locale says."""
        write_bytes(self.stdout, orjson.dumps(document) + b"\n")


def add_group(name: str, help_text: str) -> click.Group:
    """Add a group of commands to the `faust` program."""
    return faust.cli.base.cli.group(name, cls=_Group, help=help_text)(_nothing)


class _Command(click.Command):
    """A command whose `--help` may be written to any output."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; prints help on demand."""
        with _checked_output(), _scrubbed():
            return super().parse_args(ctx, args)


class _Group(click.Group):
    """A group whose `--help` may be written to any output."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; prints help on demand."""
        with _checked_output(), _scrubbed():
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the line names."""
        with _scrubbed():
            return super().resolve_command(ctx, args)


def _nothing() -> None:
    """What a group does besides its commands."""


def exit_code(run: Callable[[], int | None]) -> int:
    """Run a command; return its exit code, or that of its error, which is printed on stderr."""
    prepare(sys.stdout, sys.stderr)
    try:
        with _checked_output():
            code = _run(run)
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
    except _OutputError as exc:
        return exc.exit_code
    return code


class _OutputError(SystemExit):
    """Output could not be written, which has been reported where that is possible."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@contextmanager
def _checked_output() -> Iterator[None]:
    """Turn an error of writing output into a line on stderr, or nothing, and an exit code."""
    try:
        yield
    except BrokenPipeError:
        # `… | head` has read enough.
        discard(sys.stdout, sys.stderr)
        raise _OutputError(EX_CLOSED_PIPE) from None
    except OSError as exc:
        if exc.errno not in OUTPUT_ERRORS:
            raise
        discard(sys.stdout)
        # Standard error may be what cannot be written.
        with suppress(OSError):
            _print_error(f"output cannot be written: {exc.strerror}")
        discard(sys.stderr)
        raise _OutputError(EX_FAILURE) from None


@contextmanager
def _scrubbed() -> Iterator[None]:
    """Mask card numbers in a usage error: click repeats what was written, and logs keep it."""
    try:
        yield
    except click.UsageError as exc:
        exc.message = scrub_line(exc.message)
        raise


def _run(run: Callable[[], int | None]) -> int:
    try:
        return run() or 0
    except (CommandError, ClusterError, NoIdError) as exc:
        _print_error(str(exc))
        return EX_FAILURE
    except click.ClickException as exc:
        exc.show(sys.stderr)
        return exc.exit_code
    except (Interrupted, KeyboardInterrupt):
        return EX_INTERRUPTED


def _print_error(text: str) -> None:
    console(sys.stderr).print(
        f"error: {scrub_line(text)}", style="red", markup=False, highlight=False, soft_wrap=True
    )
